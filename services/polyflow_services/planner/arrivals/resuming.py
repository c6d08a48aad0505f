"""A run that has ended and goes on: the plan that opens it again, under its own id.

What is left of an ended run, its stub, knows how often it was resumed (its generation), the number that the
next attempt may have, and that of the next public event.  A request names the generation that it goes on
from, so that repetitions of it, and others that come too late, change nothing.
"""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from polyflow_services.planner import answers
from polyflow_services.planner.rows import event_edges, kept, keys, state, timers
from polyflow_services.planner.turn import Turn
from polyflow_shared.language.codes import Code
from polyflow_topics.events import Problem
from polyflow_topics.inbox import Release
from polyflow_topics.plan import PlanBegun, PlanEnded, PlanPart
from polyflow_topics.status import Status

Open = Callable[[Turn, PlanBegun, kept.StubRow], None]
"""Begins a generation of a run, given what is left of the one before."""
_SHOW: Final = "to see how it stands: polyflow show "


def begin(turn: Turn, event: PlanBegun, opens: Open) -> None:
    """Open an ended run, or refuse to.

    Args:
        turn: the decision.
        event: the plan of a request that resumes the run.
        opens: what begins the new generation.
    """
    head = turn.find(keys.head_key(turn.run))
    stub = turn.find(keys.stub_key(turn.run))
    if head is not None:
        _while_it_is_there(turn, event)
    elif stub is None:
        hint = "start it once more: polyflow restart " + turn.run
        refuse(turn, event, f"nothing is known of the run {turn.run} any more", hint)
    elif stub.specification == event.specification:
        return  # it was opened by this very request, and has ended again
    elif event.origin is not None and stub.generation != event.origin.generation:
        forget_waiting(turn)
        refuse(turn, event, f"the run {turn.run} was resumed by another request meanwhile", _SHOW + turn.run)
    else:
        turn.put(keys.stub_key(turn.run), None)
        turn.drop_timer(timers.STUB)
        _wait_no_more(turn, event)
        opens(turn, event, stub)


def waits(turn: Turn, event: PlanPart | PlanEnded) -> bool:
    """Send the rest of a plan round once more that waits for rows to be removed, or for a part before it."""
    row = turn.find_of(keys.resume_key(turn.run), kept.ResumeRow)
    if row is None or row.plan != event.plan:
        return False
    if row.ready and not _has_overtaken(turn, event):
        if isinstance(event, PlanEnded):
            forget_waiting(turn)
        return False
    turn.send(event)
    return True


def _has_overtaken(turn: Turn, event: PlanPart | PlanEnded) -> bool:
    """Tell whether a part before this one is behind it: on their way round they may change places."""
    parts = turn.run_row().parts
    return parts < (event.part if isinstance(event, PlanPart) else turn.head().parts)


def refuse(turn: Turn, event: PlanBegun, message: str, hint: str) -> None:
    """Tell why a request changes nothing.

    Args:
        turn: the decision.
        event: its plan.
        message: what is in the way.
        hint: what to do instead.
    """
    problem = Problem(code=Code.NOT_RESUMED.value, message=message, hint=hint)
    answers.reject(turn, event, problem)


def true_still(turn: Turn, releases: Sequence[Release]) -> Sequence[Release]:
    """Return those releases that are not left over from before the run was resumed."""
    if not turn.head().generation:
        return releases
    return [release for release in releases if _has_happened(turn, release)]


def _has_happened(turn: Turn, release: Release) -> bool:
    if release.group is not None:
        key = event_edges.group_key(turn.run, release.source, release.group)
        return turn.need(key, event_edges.GroupRow).came is not None
    if not release.opening:
        row = turn.operation(release.source)
        return state.final(row.status) or row.up
    owner = turn.scope_plan(release.source).owner
    return owner == state.NONE or turn.operation(owner).status is not Status.CREATED


def _while_it_is_there(turn: Turn, event: PlanBegun) -> None:
    status = turn.run_row().status
    waiting = turn.find(keys.resume_key(turn.run))
    if not state.final(status):
        message = f"the run {turn.run} is {status}: what goes on need not be resumed"
        refuse(turn, event, message, "stop it first: polyflow stop " + turn.run)
    elif waiting is not None and waiting.plan != event.plan:
        refuse(turn, event, f"the run {turn.run} is being resumed by another request", _SHOW + turn.run)
    else:
        # It has ended, and its rows are removed step by step; until then the plan goes round.
        turn.put(keys.resume_key(turn.run), kept.ResumeRow(event.plan))
        turn.send(event)


def _wait_no_more(turn: Turn, event: PlanBegun) -> None:
    key = keys.resume_key(turn.run)
    row = turn.find_of(key, kept.ResumeRow)
    if row is not None and row.plan == event.plan:
        turn.put_alone(key, replace(row, ready=True))
    else:
        forget_waiting(turn)


def forget_waiting(turn: Turn) -> None:
    """Let no plan go round any more."""
    if turn.find(keys.resume_key(turn.run)) is not None:
        turn.remove(keys.resume_key(turn.run))

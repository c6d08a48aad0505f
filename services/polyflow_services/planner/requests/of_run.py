"""What people ask of a whole run: to skip, approve or pause it, to change a limit, and what holds it up."""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from polyflow_services.planner.answers import accept, refuse, why_of
from polyflow_services.planner.ends import endings
from polyflow_services.planner.ends.endings import Closing, End
from polyflow_services.planner.requests import explaining
from polyflow_services.planner.rows import state
from polyflow_services.planner.starts import beginning, launching
from polyflow_services.planner.turn import Turn
from polyflow_services.planner.walks import finding
from polyflow_topics.inbox import OperatingRequested
from polyflow_topics.status import Status

ENDING: Final = ("AlreadyEnding", "the run is ending already")

CatchUp = Callable[[Turn], None]
"""Follows what was kept for a run until it begins, once it has, or has ended instead."""


def explain(turn: Turn, event: OperatingRequested) -> None:
    """Say what holds a run up."""
    accept(turn, event, ("Explained", "\n".join(explaining.of_run(turn))))


def skip(turn: Turn, event: OperatingRequested, *, catch_up: CatchUp) -> None:
    """Leave out what of a run has not started."""
    if turn.scope(0).rest not in {None, Status.SKIPPED} or endings.is_over(turn):
        refuse(turn, event, ENDING)
        return
    if turn.run_row().status is Status.CREATED:
        beginning.end_at_once(turn, End(Status.SKIPPED, *why_of(event)))
        catch_up(turn)
    else:
        endings.close(turn, 0, Closing(*why_of(event), ends=Status.SKIPPED, rest=Status.SKIPPED))
    accept(turn, event)


def approve(turn: Turn, event: OperatingRequested, *, catch_up: CatchUp) -> None:
    """Let a run begin that waits for an approval."""
    if turn.run_row().approval:
        beginning.approve(turn)
        accept(turn, event)
        catch_up(turn)
    elif turn.head().approval:
        accept(turn, event, ("AlreadyApproved", "the run was approved before"))
    else:
        message = "the run needs no approval; to approve an operation of it, name that"
        refuse(turn, event, ("NoApprovalNeeded", message))


def upload(turn: Turn, event: OperatingRequested, *, catch_up: CatchUp) -> None:
    """Let a run begin whose files have arrived; end one whose files will not."""
    if not turn.run_row().upload:
        _no_upload_awaited(turn, event)
    elif event.reason:
        beginning.not_uploaded(turn, event.reason, event.message)
        accept(turn, event)
    else:
        beginning.uploaded(turn)
        accept(turn, event)
        catch_up(turn)


def _no_upload_awaited(turn: Turn, event: OperatingRequested) -> None:
    if turn.head().upload:
        accept(turn, event, ("AlreadyUploaded", "its files arrived before"))
    else:
        refuse(turn, event, ("NoUploadAwaited", "the run waits for no files"))


def pause(turn: Turn, event: OperatingRequested) -> None:
    """Launch nothing more of a run."""
    run = turn.run_row()
    if turn.scope(0).ends is not None or endings.is_over(turn):
        refuse(turn, event, ENDING)
        return
    if run.paused:
        accept(turn, event, ("AlreadyPaused", "the run was paused before"))
        return
    turn.put_run(replace(run, paused=True))
    launching.give_back(turn, run.head)
    if run.status is Status.RUNNING:
        turn.tell_run(Status.RUNNING, reason=launching.PAUSED[0], message=launching.PAUSED[1])
    accept(turn, event)


def unpause(turn: Turn, event: OperatingRequested) -> None:
    """Go on with a run that is paused."""
    run = turn.run_row()
    if not run.paused:
        accept(turn, event, ("NotPaused", "the run is not paused"))
        return
    turn.put_run(replace(run, paused=False))
    turn.launches_freed = True
    if run.status is Status.RUNNING:
        turn.tell_run(Status.RUNNING)
    accept(turn, event)


def limit(turn: Turn, event: OperatingRequested) -> None:
    """Change how many operations of a DAG, or trials of a matrix, are active at once."""
    number = finding.scope_of(turn, event.operation)
    if number is None:
        refuse(turn, event, ("UnknownOperation", f"the run has no DAG or matrix {event.operation!r}"))
        return
    limit = state.UNLIMITED if event.concurrency is None else event.concurrency
    turn.put_scope(number, replace(turn.scope(number), limit=limit))
    turn.freed[number] = None
    accept(turn, event)

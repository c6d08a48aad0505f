"""How the end of an operation reaches what waits for it: counters on the downstream side, chunk by chunk."""

from enum import Enum
from typing import Final

from msgspec.structs import replace

from polyflow_services.planner.ends.endings import End, finish
from polyflow_services.planner.rows import state
from polyflow_services.planner.rows.state import OperationRow
from polyflow_services.planner.starts import gates, starting
from polyflow_services.planner.turn import Turn
from polyflow_topics.inbox import Release, ReleaseContinued
from polyflow_topics.plan import EDGES_PER_CHUNK
from polyflow_topics.status import Status, Trigger


class Verdict(Enum):
    """What an operation's trigger says by now."""

    WAIT = "wait"
    START = "start"
    NEVER = "never"


def verdict(row: OperationRow) -> Verdict:
    """Return what the trigger says, given how the upstreams stand that have ended.

    A skipped upstream counts as succeeded; `upstream_failed` counts as failed; `stopped` as neither.  A
    trigger that can no longer come true gives up at once, and no sooner.
    """
    waiting = row.upstreams - row.done
    match row.trigger:
        case Trigger.ALL_SUCCEEDED:
            return _all(row.succeeded, row)
        case Trigger.ALL_FAILED:
            return _all(row.failed, row)
        case Trigger.ALL_DONE:
            return Verdict.WAIT if waiting else Verdict.START
        case Trigger.ONE_SUCCEEDED:
            return _one(row.succeeded, waiting)
        case Trigger.ONE_FAILED:
            return _one(row.failed, waiting)
        case Trigger.ONE_DONE:
            return _one(row.done, waiting)


def follow(turn: Turn, release: Release) -> bool:
    """Follow one chunk of edges.  Return False if there is no room for it in this turn.

    A chunk that was followed before, or that does not exist, is done at once.
    """
    key = state.edges_key(turn.run, release.source, release.opening, release.chunk)
    edges = turn.find(key)
    if edges is None or _followed(turn, release) != release.chunk:
        return True
    if turn.edges_left < len(edges.targets):
        return False
    turn.edges_left -= len(edges.targets)
    _mark_followed(turn, release)
    source = None if release.opening else _as_upstream(turn.operation(release.source))
    for target in edges.targets:
        _reach(turn, target, source)
    if len(edges.targets) == EDGES_PER_CHUNK:
        turn.release(release.source, opening=release.opening, chunk=release.chunk + 1)
    return True


def carry_over(turn: Turn) -> None:
    """Leave what is still to be followed to a message of the planner to itself."""
    if turn.releases:
        turn.send(ReleaseContinued(run=turn.run, releases=tuple(turn.releases)))
        turn.releases.clear()


def _all(matching: int, row: OperationRow) -> Verdict:
    if matching < row.done:
        return Verdict.NEVER
    return Verdict.START if row.done == row.upstreams else Verdict.WAIT


def _one(matching: int, waiting: int) -> Verdict:
    if matching:
        return Verdict.START
    return Verdict.WAIT if waiting else Verdict.NEVER


def _followed(turn: Turn, release: Release) -> int:
    if release.opening:
        return turn.scope(release.source).opened
    return turn.operation(release.source).released


def _as_upstream(row: OperationRow) -> OperationRow:
    """Return an operation as what waits for it sees it: a service that was up has done its part."""
    return replace(row, status=Status.SUCCEEDED) if row.up else row


def _mark_followed(turn: Turn, release: Release) -> None:
    if release.opening:
        scope = turn.scope(release.source)
        turn.put_scope(release.source, replace(scope, opened=release.chunk + 1))
    else:
        row = turn.operation(release.source)
        turn.put_operation(release.source, replace(row, released=release.chunk + 1))


def _reach(turn: Turn, target: int, source: OperationRow | None) -> None:
    row = turn.operation(target)
    if row.status is not Status.CREATED:
        _catch_up(turn, target, row)
        return
    if source is None:
        starting.ready(turn, target)
        return
    row = _counted(row, source.status)
    turn.put_operation(target, row)
    if row.skips and row.skipped:
        finish(turn, target, End(Status.SKIPPED, gates.UPSTREAM_SKIPPED, f"upstream {_did(source)}"))
        return
    if row.pending is not None:  # its trigger has fired, and a gate holds it
        return
    match verdict(row):
        case Verdict.START:
            starting.ready(turn, target)
        case Verdict.NEVER if not (row.skips and row.done < row.upstreams):  # one may still be skipped
            finish(turn, target, End(Status.UPSTREAM_FAILED, "TriggerNotMet", _never(row, source)))
        case _:
            pass


def _catch_up(turn: Turn, target: int, row: OperationRow) -> None:
    """Let go what waits for an operation that had ended before its DAG was opened."""
    if state.final(row.status) and not row.released and turn.closing(row.scope) is None:
        turn.release(target)


def _counted(row: OperationRow, source: Status) -> OperationRow:
    return replace(
        row,
        done=row.done + 1,
        succeeded=row.succeeded + (source in _GOOD),
        failed=row.failed + (source in _BAD),
        skipped=row.skipped + (source is Status.SKIPPED),
    )


_GOOD: Final = frozenset({Status.SUCCEEDED, Status.SKIPPED})
_BAD: Final = frozenset({Status.FAILED, Status.UPSTREAM_FAILED})


def _never(row: OperationRow, last: OperationRow) -> str:
    """Return why a trigger can no longer be met, given the upstream that has just ended."""
    kind, wanted = row.trigger.split("_")
    why = f"upstream {_did(last)}"
    if kind == "one":
        why = f"no upstream {wanted}; the last one, {last.name!r}, {_DID[last.status]}"
    elif last.status in (_GOOD if wanted == "succeeded" else _BAD):  # an earlier one has decided
        why = f"of {row.upstreams} upstreams {row.succeeded} succeeded and {row.failed} failed"
    return f"trigger {row.trigger} cannot be met: {why}"


def _did(source: OperationRow) -> str:
    return f"{source.name!r} {_DID[source.status]}"


_DID: Final = {
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.UPSTREAM_FAILED: "was not run because of its own upstreams",
    Status.STOPPED: "was stopped",
    Status.SKIPPED: "was skipped",
}
"""What a final status says, as the end of a sentence about an upstream."""

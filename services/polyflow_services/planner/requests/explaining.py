"""What a run, or one of its operations, waits for at this moment: in words, from the rows that decide it.

Each line is what a rule of the planner looks at, so that nothing is guessed from the graph.  Why something
ended is in its events; this is about what has not.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from polyflow_services.planner.rows import event_edges, keys, state, timers
from polyflow_services.planner.rows.state import OperationRow
from polyflow_services.planner.starts import asking, queries
from polyflow_services.planner.starts.launching import UNSEEN_LAUNCHES
from polyflow_services.planner.turn import Turn
from polyflow_shared.deciding.rows import TimerRow
from polyflow_topics.status import Pending, Status

VISITED: Final = 5_000
"""Operations that one explanation of a run looks at: enough for most runs, and a few milliseconds."""
SHOWN: Final = 20
"""Operations that an explanation of a run tells of."""
PLACES: Final = 1_000
"""Places of a queue that are counted."""
_SCOPE_GOES_ON: Final = frozenset({Status.RUNNING, Status.STOPPING})
"""Where what is in a DAG or matrix holds it up, and is told of."""
_STARTS_LATER: Final = frozenset({Status.CREATED, Status.RETRYING})
"""Where what is told of an operation says nothing of a pause."""


def of_operation(turn: Turn, index: int) -> list[str]:
    """Return why an operation stands as it does, and what it waits for."""
    row = turn.operation(index)
    lines = [f"{row.name} is {row.status}{_tries(row)}", *_why(turn, index, row)]
    if turn.run_row().paused and row.status in _STARTS_LATER:
        lines.append("the run is paused: nothing more is launched until it is unpaused")
    closing = turn.closing(row.scope)
    if closing is not None and not state.final(row.status):
        scope = turn.scope_plan(closing[0]).name
        whose = f"the DAG {scope!r}" if scope else "the run"
        lines.append(f"{whose} is being ended: {closing[1].reason}: {closing[1].message}".rstrip(": "))
    return lines


def of_run(turn: Turn) -> list[str]:
    """Return what holds a run up: its operations that wait for nothing but themselves, the latest first.

    Of those that wait for upstreams nothing is said, for these are told of, or wait for such.
    """
    run, operations = turn.run_row(), turn.head().operations
    lines = [f"the run is {run.status}: {run.open} of {operations} operations have not ended"]
    if run.paused:
        lines.append("it is paused: nothing more is launched")
    if run.pending is not None or asking.waits(turn):
        lines.append(f"it waits for: {_of_a_run(turn)}")
    last = min(operations, VISITED)
    found = sorted((_since(turn, row), index) for index, row in _holding(turn, last))
    for _, index in found[:SHOWN]:
        row = turn.operation(index)
        told = "; ".join(_why(turn, index, row))
        lines.append(f"{row.name} is {row.status}{': ' if told else ''}{told}")
    if len(found) > SHOWN:
        lines.append(f"{len(found) - SHOWN} more hold it up")
    if operations > VISITED:
        lines.append(f"only the first {VISITED:,} operations were looked at")
    return lines


def _holding(turn: Turn, last: int) -> Iterator[tuple[int, OperationRow]]:
    for index in range(last):
        row = turn.operation(index)
        idle = row.status is Status.CREATED and row.pending in _OF_OTHERS and not _asked(turn, index, row)
        open_scope = row.opens != state.NONE and row.status in _SCOPE_GOES_ON
        if not (state.final(row.status) or idle or open_scope):
            yield index, row


def _since(turn: Turn, row: OperationRow) -> int:
    """Return how long nothing was heard of an operation; what was never asked for comes last."""
    return turn.now() - row.since if row.since else turn.now()


def _tries(row: OperationRow) -> str:
    parts = [f"attempt {row.attempt}"] if row.attempt else []
    if row.losses:
        parts.append(f"{row.losses} lost to the infrastructure")
    return f" ({', '.join(parts)})" if parts else ""


def _why(turn: Turn, index: int, row: OperationRow) -> Iterator[str]:
    explain = _BY_STATUS.get(row.status)
    if explain is not None:
        yield from explain(turn, index, row)


def _created(turn: Turn, index: int, row: OperationRow) -> Iterator[str]:
    run, owner = turn.run_row(), turn.scope_plan(row.scope).owner
    if run.status is Status.CREATED:
        yield f"the run has not begun: it waits for {_of_a_run(turn)}"
    elif owner != state.NONE and turn.operation(owner).status is Status.CREATED:
        yield f"the DAG that it is in, {turn.operation(owner).name!r}, has not begun"
    elif row.pending is not None:
        yield _pending(turn, index, row)
    elif asked := _asked(turn, index, row):
        yield f"it has asked {asked}, and there is no answer yet"
    elif row.upstreams:
        yield f"trigger {row.trigger} is not met: {_counted(turn, index, row)}"
        yield from _awaited(turn, index)
    else:
        yield "its DAG has begun, and its turn has not come yet"


def _of_a_run(turn: Turn) -> str:
    """Return what holds a run that is created."""
    if asking.waits(turn):
        return "an answer about other runs"
    return _OF_A_RUN[turn.run_row().pending].format(turn.run)


_OF_A_RUN: Final[Mapping[Pending | None, str]] = {
    None: "the end of its plan",
    Pending.UPLOAD: "its files (polyflow upload {} PATH)",
    Pending.APPROVAL: "approval (polyflow approve {})",
}
"""What holds a run whose operations are all there."""
_OF_OTHERS: Final = frozenset({None, Pending.BUILD})
"""What holds an operation that waits for others alone."""


def _pending(turn: Turn, index: int, row: OperationRow) -> str:
    asked = turn.result_asked(index) if row.pending is Pending.CACHE else None
    if asked is not None and asked.why:
        return f"it {asked.why}"
    if row.pending is Pending.APPROVAL:
        return f"it waits for: approval (polyflow approve {turn.run} {row.name})"
    return f"it waits for: {row.pending}"


def _asked(turn: Turn, index: int, row: OperationRow) -> str:
    """Return what an operation has asked for and has no answer to, in words; empty where there is none."""
    if queries.waits(turn, index):
        return "about other runs"
    look_up = turn.result_asked(index) if row.cached else None
    if look_up is not None and look_up.stage == "asked":
        return "the cache"
    slot = turn.slot_asked(index) if row.limited else None
    return "for a place under the limits" if slot is not None and slot.stage == "asked" else ""


def _awaited(turn: Turn, index: int) -> Iterator[str]:
    for awaited in turn.planned(index).awaits:
        upstream = turn.operation(awaited.operation)
        named = (event_edges.group_key(turn.run, awaited.operation, one) for one in range(upstream.groups))
        groups = [turn.need(key, event_edges.GroupRow) for key in named]
        if any(group.came is None and group.events == awaited.events for group in groups):
            events = event_edges.named(awaited.events)
            yield f"it waits for {events} of {upstream.name!r}, which is {upstream.status}"


def _counted(turn: Turn, index: int, row: OperationRow) -> str:
    awaits = bool(turn.planned(index).awaits)
    ended = row.done - row.succeeded - row.failed
    counts = "succeeded, or told what was awaited" if awaits else "succeeded"
    parts = [f"{row.succeeded} {counts}{f' ({row.skipped} skipped)' if row.skipped else ''}"]
    parts.append(f"{row.failed} failed")
    if ended:
        parts.append(f"{ended} stopped{', or ended without what was awaited' if awaits else ''}")
    parts.append(f"{row.upstreams - row.done} not ended")
    return f"of {row.upstreams} upstreams {', '.join(parts)}"


def _queued(turn: Turn, index: int, row: OperationRow) -> Iterator[str]:
    if row.slot:
        yield f"it has its slot, and {_not_launched(turn, index)}"
        return
    scope = turn.scope(row.scope)
    name = turn.scope_plan(row.scope).name
    place = _place(turn, scope.head, index)
    where = f" at place {place}" if place else ""
    yield (
        f"it waits{where} for a slot of {f'{name!r}' if name else 'the run'}: "
        f"{_active(scope.active)}, and the concurrency is {turn.limit(row.scope) or 'without a limit'}"
    )


def _active(count: int) -> str:
    return "1 operation is active" if count == 1 else f"{count} operations are active"


def _not_launched(turn: Turn, index: int) -> str:
    run = turn.run_row()
    if run.paused:
        return "the run is paused"
    if run.unseen >= UNSEEN_LAUNCHES:
        return f"{run.unseen} launches of the run wait for an answer of the cluster"
    asked = turn.slot_asked(index)
    if asked is not None and asked.why:
        return f"waits for admission: {asked.why}"
    return "waits to be admitted"


def _place(turn: Turn, head: int, index: int) -> int | None:
    for place in range(1, PLACES + 1):
        if head in {index, state.NONE}:
            return place if head == index else None
        head = turn.operation(head).next
    return None


def _scheduled(turn: Turn, index: int, row: OperationRow) -> Iterator[str]:
    due = _timer(turn, timers.LAUNCH, index)
    if due is not None:
        yield f"the cluster {row.cluster!r} does not take it now ({row.waits}); it is asked again at {due}"
    elif row.unseen:
        again = f", asked {row.asked} times more" if row.asked else ""
        yield f"the cluster {row.cluster!r} has not answered for {_seconds(turn, row)}{again}"
    elif row.waits:
        yield f"its pod waits in the cluster {row.cluster!r}: {row.waits}"
    else:
        yield f"its pod is in the cluster {row.cluster!r}, and its container has not begun"


def _running(turn: Turn, _: int, row: OperationRow) -> Iterator[str]:
    if row.opens == state.NONE:
        yield f"the cluster {row.cluster!r} was last heard of it {_seconds(turn, row)} ago"
        return
    scope, members = turn.scope(row.opens), turn.scope_plan(row.opens).members
    yield f"{scope.open} of the {members} operations in it have not ended"


def _processing(turn: Turn, index: int, _: OperationRow) -> Iterator[str]:
    due = _timer(turn, timers.OUTPUTS, index)
    yield f"its container has ended; outputs are awaited{f' until {due}' if due else ''}"


def _retrying(turn: Turn, index: int, row: OperationRow) -> Iterator[str]:
    due = _timer(turn, timers.RETRY, index)
    left = "1 retry is left" if row.retries == 1 else f"{row.retries} retries are left"
    yield f"attempt {row.attempt + 1} begins{f' at {due}' if due else ''}; {left}"


def _stopping(_: Turn, __: int, row: OperationRow) -> Iterator[str]:
    if row.opens == state.NONE:
        yield f"the cluster {row.cluster!r} was told to stop it, and it has not ended yet"
    else:
        yield "what is in it is being ended"


_Explain = Callable[[Turn, int, OperationRow], Iterator[str]]
_BY_STATUS: Final[Mapping[Status, _Explain]] = {
    Status.CREATED: _created,
    Status.QUEUED: _queued,
    Status.SCHEDULED: _scheduled,
    Status.RUNNING: _running,
    Status.PROCESSING: _processing,
    Status.RETRYING: _retrying,
    Status.STOPPING: _stopping,
}


def _seconds(turn: Turn, row: OperationRow) -> str:
    return f"{max(0, turn.now() - row.since)} s"


def _timer(turn: Turn, kind: str, index: int) -> str | None:
    row = turn.find_of(keys.timer_key(turn.run, timers.of_operation(kind, index)), TimerRow)
    return None if row is None else timers.clock_time(row.due)

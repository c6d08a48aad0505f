"""Whose turn it is: slots under the limit of the installation and of each queue.  Pure.

The queue with the highest priority goes first; of several with the same one, the one that was not served for
longest.  Within a queue runs take turns, and a run's operations go in the order in which they asked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from polyflow_services.admission import state
from polyflow_services.admission.state import ServedRow, SlotRow
from polyflow_shared.deciding.chains import Chain
from polyflow_shared.deciding.decision import Decision, handler_of
from polyflow_shared.deciding.draft import Draft
from polyflow_shared.deciding.rows import Rows
from polyflow_shared.declared.queues import Queues
from polyflow_topics.admission import (
    DEFAULT,
    AskForSlot,
    LimitsChecked,
    SlotAnswered,
    SlotReturned,
    VerifySlot,
)
from polyflow_topics.message import Message
from polyflow_topics.queues import QueuesAsked, QueuesListed, QueueState

STEP: Final = 200
"""Slots that one decision gives."""
VERIFY: Final = 900
"""Seconds of silence after which a planner is asked whether a slot is still needed, if others wait."""
VERIFIED_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True)
class Pool:
    """What is set for a queue.

    Attributes:
        limit: operations that run at once; None is no limit.
        priority: the higher goes first.
        cluster: where its operations run; empty where they may name any.
    """

    limit: int | None = None
    priority: int = 0
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is set for the installation.

    Attributes:
        operations: that run at once, of those that ask; None is no limit.
        queues: by name.  One that is not named has no limit and priority 0.
    """

    operations: int | None = None
    queues: Mapping[str, Pool] = field(default_factory=dict)

    def pool(self, queue: str) -> Pool:
        """Return what is set for a queue."""
        return self.queues.get(queue, _FREE)


_FREE: Final = Pool()


def decide(rows: Rows[Any], message: Message, at: datetime, *, limits: Limits) -> Decision:
    """Return what changes because of `message`, which the log dates `at`.

    Args:
        rows: what admission remembers.
        message: what it hears; twice, late or out of order does no harm.
        at: when the record was written.
        limits: as they are now; where more runs than they allow, nothing is ended for it.

    Raises:
        NotReadError: the message is of a kind that admission does not read.
    """
    handle = handler_of(HANDLERS, message, "admission")
    turn = _Turn(rows, at, limits)
    handle(turn, message)
    return Decision(turn.rows.writes, turn.messages)


def recovered(_keys: Iterable[str]) -> Sequence[Message]:
    """Return what admission says to itself after a restart: limits may have been set anew."""
    return [LimitsChecked(step=0)]


def limits_of(queues: Queues) -> Limits:
    """Return the limits that a catalogue of queues sets."""
    pools = {name: Pool(one.limit, one.priority, one.place) for name, one in queues.queues.items()}
    return Limits(queues.operations, pools)


def given_back(ask: AskForSlot) -> SlotReturned:
    """Return what says, for an operation whose planner is gone, that it runs no more."""
    return SlotReturned(**ask.about())


class _Turn:
    """A decision."""

    def __init__(self, rows: Rows[Any], at: datetime, limits: Limits) -> None:
        self.rows = Draft(rows)
        self.seconds = int(at.timestamp())
        self.limits = limits
        self.messages: list[Message] = []
        self.held = Chain(self.rows, state.HELD)
        self.queues = Chain(self.rows, "queues")
        """Queues in which somebody waits."""

    def slot(self, name: str) -> SlotRow | None:
        found: SlotRow | None = self.rows.get(state.slot_key(name))
        return found

    def held_of(self, queue: str) -> Chain:
        return Chain(self.rows, state.held_key(queue))

    def runs_of(self, queue: str) -> Chain:
        return Chain(self.rows, state.runs_key(queue))

    def waiting(self, queue: str, run: str) -> Chain:
        return Chain(self.rows, state.waiting_key(queue, run))


def _ask(turn: _Turn, ask: AskForSlot) -> None:
    name = state.slot_name(ask.run, ask.index, ask.attempt)
    known = _asked_last(turn, name, ask)
    if known is not None and known.held:
        _hear(turn, name, known)
        if not ask.active:
            turn.messages.append(_answered(known, granted=True))
        return
    if known is None:
        known = _row_of(ask, turn.seconds)
        _enter(turn, name, known)
    if ask.active and known.question == ask.question:
        _hold(turn, name, known)
        # It may be said late, by a planner that was replaced: who needs the slot no more returns it.
        turn.messages.append(_answered(known, granted=True))
    else:
        _serve(turn)
        _tell(turn, name)


def _asked_last(turn: _Turn, name: str, ask: AskForSlot) -> SlotRow | None:
    """Return what is known of an attempt; its slot or place is that of its newest question from now on."""
    known = turn.slot(name)
    if known is None or known.question >= ask.question:
        return known
    known = replace(known, question=ask.question)
    turn.rows.put(state.slot_key(name), known)
    return known


def _row_of(ask: AskForSlot, now: int) -> SlotRow:
    return SlotRow(ask.run, ask.operation, ask.index, ask.attempt, ask.queue, False, now, ask.question)


def _tell(turn: _Turn, name: str) -> None:
    """Answer an attempt that waits."""
    after = turn.slot(name)
    if after is not None and not after.held:
        turn.messages.append(_waits(turn, after))
        _verify(turn)


def _returned(turn: _Turn, returned: SlotReturned) -> None:
    name = state.slot_name(returned.run, returned.index, returned.attempt)
    known = turn.slot(name)
    if known is None or returned.question < known.question:  # it has asked again since
        return
    if known.held:
        turn.held.remove(name)
        turn.held_of(known.queue).remove(name)
    else:
        _leave(turn, name, known)
    turn.rows.put(state.slot_key(name), None)
    _serve(turn)


def _check(turn: _Turn, _message: LimitsChecked) -> None:
    _serve(turn)


def _list(turn: _Turn, asked: QueuesAsked) -> None:
    """Say how the queues stand; reads a row for each run that waits, and changes none."""
    pools = {DEFAULT: turn.limits.pool(DEFAULT), **turn.limits.queues}
    names = sorted(pools, key=lambda name: (-pools[name].priority, name))
    states = tuple(_state(turn, name, pools[name]) for name in names)
    turn.messages.append(
        QueuesListed(
            request=asked.request,
            queues=states,
            limit=turn.limits.operations,
            active=len(turn.held),
            waiting=sum(state.waiting or 0 for state in states),
        )
    )


def _state(turn: _Turn, name: str, pool: Pool) -> QueueState:
    known = {"name": name, "cluster": pool.cluster, "priority": pool.priority, "limit": pool.limit}
    if pool.limit is None and turn.limits.operations is None:
        return QueueState.model_validate(known)
    waiting = sum(len(turn.waiting(name, run)) for run in turn.runs_of(name))
    return QueueState.model_validate({**known, "active": len(turn.held_of(name)), "waiting": waiting})


def _serve(turn: _Turn) -> None:
    """Give away the free slots, as many as one decision gives."""
    for _ in range(STEP):
        queue = _next(turn)
        if queue is None:
            return
        run = turn.runs_of(queue).first
        name = turn.waiting(queue, run).first
        known = turn.slot(name)
        assert known is not None
        _hold(turn, name, known)
        turn.messages.append(_answered(known, granted=True))
    turn.messages.append(LimitsChecked(step=_served(turn, state.SERVED)))


def _next(turn: _Turn) -> str | None:
    """Return the queue that gets the next slot; None where nobody waits who may have one."""
    if turn.limits.operations is not None and len(turn.held) >= turn.limits.operations:
        return None
    free = [queue for queue in turn.queues if not _full(turn, queue)]
    return min(free, key=lambda queue: _order(turn, queue), default=None)


def _order(turn: _Turn, queue: str) -> tuple[int, int]:
    return -turn.limits.pool(queue).priority, _served(turn, state.served_key(queue))


def _full(turn: _Turn, queue: str) -> bool:
    limit = turn.limits.pool(queue).limit
    return limit is not None and len(turn.held_of(queue)) >= limit


def _enter(turn: _Turn, name: str, row: SlotRow) -> None:
    turn.rows.put(state.slot_key(name), row)
    turn.waiting(row.queue, row.run).append(name)
    turn.runs_of(row.queue).append(row.run)
    turn.queues.append(row.queue)


def _leave(turn: _Turn, name: str, row: SlotRow) -> None:
    """Let an attempt wait no more."""
    waiting, runs = turn.waiting(row.queue, row.run), turn.runs_of(row.queue)
    waiting.remove(name)
    if not waiting.first:
        runs.remove(row.run)
    if not runs.first:
        turn.queues.remove(row.queue)


def _hold(turn: _Turn, name: str, row: SlotRow) -> None:
    """Give a slot to an attempt that waits; its run goes to the end of its queue."""
    _leave(turn, name, row)
    runs = turn.runs_of(row.queue)
    if row.run in runs:
        runs.remove(row.run)
        runs.append(row.run)
    turn.rows.put(state.slot_key(name), replace(row, held=True, heard=turn.seconds))
    turn.held.append(name)
    turn.held_of(row.queue).append(name)
    count = _served(turn, state.SERVED) + 1
    turn.rows.put(state.SERVED, ServedRow(count))
    turn.rows.put(state.served_key(row.queue), ServedRow(count))


def _hear(turn: _Turn, name: str, row: SlotRow) -> None:
    turn.rows.put(state.slot_key(name), replace(row, heard=turn.seconds))
    turn.held.remove(name)
    turn.held.append(name)


def _verify(turn: _Turn) -> None:
    """Ask about slots that were not heard of for long; they may be free in truth."""
    for _ in range(VERIFIED_AT_ONCE):
        name = turn.held.first
        row = turn.slot(name) if name else None
        if row is None or turn.seconds - row.heard < VERIFY:
            return
        _hear(turn, name, row)
        turn.messages.append(VerifySlot(**_about(row)))


def _served(turn: _Turn, key: str) -> int:
    row: ServedRow | None = turn.rows.get(key)
    return row.count if row else 0


def _waits(turn: _Turn, row: SlotRow) -> SlotAnswered:
    if _full(turn, row.queue):
        limit = turn.limits.pool(row.queue).limit
        why = ("QueueLimit", f"queue {row.queue!r} runs {_operations(limit)} at once")
    else:
        limit = turn.limits.operations
        why = ("InstallationLimit", f"the installation runs {_operations(limit)} at once")
    return SlotAnswered(**_about(row), granted=False, reason=why[0], message=why[1])


def _operations(limit: int | None) -> str:
    return f"{limit} operation{'' if limit == 1 else 's'}"


def _answered(row: SlotRow, *, granted: bool) -> SlotAnswered:
    return SlotAnswered(**_about(row), granted=granted)


def _about(row: SlotRow) -> dict[str, Any]:
    return {
        "run": row.run,
        "operation": row.operation,
        "index": row.index,
        "attempt": row.attempt,
        "queue": row.queue,
        "question": row.question,
    }


HANDLERS: Final[Mapping[type[Message], Callable[[_Turn, Any], None]]] = {
    AskForSlot: _ask,
    SlotReturned: _returned,
    LimitsChecked: _check,
    QueuesAsked: _list,
}
"""What admission reads, and who takes it in."""

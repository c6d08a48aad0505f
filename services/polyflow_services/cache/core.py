"""Which operation is executed, which uses a result that there is, and which waits for one.  Pure.

Of equal operations one at a time holds the place of their result.  When it has succeeded those that wait get
its result; when it has not, the next one of them holds the place, and is executed for itself.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from polyflow_services.cache import state
from polyflow_services.cache.state import HolderRow, ResultRow, SizeRow, WaiterRow
from polyflow_shared.deciding.chains import Chain
from polyflow_shared.deciding.decision import Decision, handler_of
from polyflow_shared.deciding.draft import Draft
from polyflow_shared.deciding.rows import Rows
from polyflow_topics.message import Message, Values
from polyflow_topics.names import OperationName, RunId
from polyflow_topics.results import (
    AnswersContinued,
    ForgetResult,
    LookUpResult,
    ResultAnswered,
    ResultSettled,
    VerifyLookUp,
)

ROOM: Final = 64 * 1024 * 1024
"""Bytes that the results of a partition take, at most; the oldest go first."""
OVERHEAD: Final = 512
"""Bytes that a result takes besides its outputs."""
STEP: Final = 100
"""Operations that one decision answers."""
VERIFY: Final = 900
"""Seconds of silence after which a planner is asked whether its operation still holds its place."""


def decide(rows: Rows[Any], message: Message, at: datetime, *, room: int = ROOM) -> Decision:
    """Return what changes because of `message`, which the log dates `at`.

    Args:
        rows: what the cache remembers.
        message: what it hears; twice, late or out of order does no harm.
        at: when the record was written.
        room: bytes that results take, at most.

    Raises:
        NotReadError: the message is of a kind that the cache does not read.
    """
    handle = handler_of(HANDLERS, message, "the cache")
    turn = _Turn(rows, message.key(), at, room)
    handle(turn, message)
    return Decision(turn.rows.writes, turn.messages)


def given_back(ask: LookUpResult) -> ResultSettled:
    """Return what says, for an operation whose planner is gone, that it needs no answer any more."""
    return ResultSettled(
        result=ask.result, run=ask.run, operation=ask.operation, index=ask.index, attempt=ask.attempt
    )


class _Turn:
    """A decision about one result."""

    def __init__(self, rows: Rows[Any], result: str, at: datetime, room: int) -> None:
        self.rows = Draft(rows)
        self.result = result
        self.at = at
        self.room = room
        self.messages: list[Message] = []
        self.waiting = Chain(self.rows, state.waiting_key(result))
        self.results = Chain(self.rows, state.RESULTS)

    def holder(self) -> HolderRow | None:
        found: HolderRow | None = self.rows.get(state.holder_key(self.result))
        return found

    def put_holder(self, row: HolderRow | None) -> None:
        self.rows.put(state.holder_key(self.result), row)

    def found(self, result: str) -> ResultRow | None:
        found: ResultRow | None = self.rows.get(state.result_key(result))
        return found

    def seconds(self) -> int:
        return int(self.at.timestamp())


def _look_up(turn: _Turn, ask: LookUpResult) -> None:
    holder = turn.holder()
    if holder is not None and _same(holder, ask):
        if ask.attempt >= holder.attempt:
            turn.put_holder(replace(holder, attempt=ask.attempt, heard=turn.seconds()))
            _absent(turn, ask)
    elif holder is not None:
        _wait(turn, ask, holder)
    elif (found := turn.found(turn.result)) is not None and _fresh(turn, found, ask.ttl):
        _leave(turn, ask)
        _found(turn, ask, found)
    else:
        _leave(turn, ask)
        _hold(turn, ask)


def _settle(turn: _Turn, settled: ResultSettled) -> None:
    holder = turn.holder()
    if holder is None or not _same(holder, settled):
        _leave(turn, settled)
        return
    if settled.attempt < holder.attempt:
        return
    turn.put_holder(None)
    if settled.outputs is not None and holder.kept:
        _keep(turn, settled, settled.outputs)
    _serve(turn)


def _forget(turn: _Turn, _message: ForgetResult) -> None:
    _drop(turn, turn.result)
    holder = turn.holder()
    if holder is not None and holder.kept:
        turn.put_holder(replace(holder, kept=False))


def _continue(turn: _Turn, _message: AnswersContinued) -> None:
    _serve(turn)


def _serve(turn: _Turn) -> None:
    """Answer those that wait, in order, until one of them holds the place."""
    for _ in range(STEP):
        name = turn.waiting.first
        if not name or turn.holder() is not None:
            return
        waiter: WaiterRow = turn.rows.get(state.waiter_key(turn.result, name))
        _leave(turn, waiter)
        found = turn.found(turn.result)
        # Who has waited for a result uses it, however short its ttl.
        if found is not None and (found.ended >= waiter.since or _fresh(turn, found, waiter.ttl)):
            _found(turn, waiter, found)
        else:
            _hold(turn, waiter)
    if turn.waiting.first:
        turn.messages.append(AnswersContinued(result=turn.result, left=len(turn.waiting)))


def _wait(turn: _Turn, ask: LookUpResult, holder: HolderRow) -> None:
    name = state.waiter_name(ask.run, ask.index)
    since = turn.at
    if name in turn.waiting:
        known: WaiterRow = turn.rows.get(state.waiter_key(turn.result, name))
        if known.attempt > ask.attempt:
            return
        since = known.since
    turn.waiting.append(name)
    waiter = WaiterRow(ask.run, ask.operation, ask.index, ask.attempt, since, ask.ttl)
    turn.rows.put(state.waiter_key(turn.result, name), waiter)
    _answer(turn, ask, answer="awaited", of=holder)
    if turn.seconds() - holder.heard >= VERIFY:
        turn.put_holder(replace(holder, heard=turn.seconds()))
        turn.messages.append(
            VerifyLookUp(
                run=RunId(holder.run),
                operation=OperationName(holder.operation),
                index=holder.index,
                attempt=holder.attempt,
                result=turn.result,
            )
        )


def _leave(turn: _Turn, who: LookUpResult | ResultSettled | WaiterRow) -> None:
    """Let an operation wait no more; one that waits with a later attempt goes on waiting."""
    name = state.waiter_name(who.run, who.index)
    key = state.waiter_key(turn.result, name)
    known: WaiterRow | None = turn.rows.get(key)
    if known is not None and known.attempt <= who.attempt:
        turn.waiting.remove(name)
        turn.rows.put(key, None)


def _hold(turn: _Turn, who: LookUpResult | WaiterRow) -> None:
    turn.put_holder(HolderRow(who.run, who.operation, who.index, who.attempt, turn.seconds()))
    _absent(turn, who)


def _absent(turn: _Turn, who: LookUpResult | WaiterRow) -> None:
    _answer(turn, who, answer="absent")


def _found(turn: _Turn, who: LookUpResult | WaiterRow, found: ResultRow) -> None:
    _answer(turn, who, answer="found", of=found, outputs=msgspec.json.decode(found.outputs), ran=found.ran)


def _answer(
    turn: _Turn,
    who: LookUpResult | WaiterRow,
    *,
    answer: Any,
    of: HolderRow | ResultRow | None = None,
    outputs: Values | None = None,
    ran: tuple[datetime, datetime] | None = None,
) -> None:
    turn.messages.append(
        ResultAnswered(
            run=RunId(who.run),
            index=who.index,
            attempt=who.attempt,
            result=turn.result,
            answer=answer,
            of_run=RunId(of.run) if of else None,
            of_operation=OperationName(of.operation if of else ""),
            outputs=outputs or {},
            ran=ran,
        )
    )


def _same(holder: HolderRow, who: LookUpResult | ResultSettled) -> bool:
    return (holder.run, holder.index) == (who.run, who.index)


def _fresh(turn: _Turn, found: ResultRow, ttl: int | None) -> bool:
    # Of 0 none is fresh, whatever the clocks say that dated the records.
    return ttl is None or (ttl > 0 and (turn.at - found.ended).total_seconds() < ttl)


def _keep(turn: _Turn, settled: ResultSettled, outputs: Values) -> None:
    """Keep a result, and make room for it."""
    _drop(turn, turn.result)
    body = msgspec.Raw(msgspec.json.encode(outputs))
    row = ResultRow(settled.run, settled.operation, turn.at, body, settled.ran)
    if _size(row) > turn.room:
        return
    turn.rows.put(state.result_key(turn.result), row)
    turn.results.append(turn.result)
    _resize(turn, _size(row))
    while _taken(turn) > turn.room:
        _drop(turn, turn.results.first)


def _drop(turn: _Turn, result: str) -> None:
    found = turn.found(result)
    if found is not None:
        turn.rows.put(state.result_key(result), None)
        turn.results.remove(result)
        _resize(turn, -_size(found))


def _size(row: ResultRow) -> int:
    return len(bytes(row.outputs)) + OVERHEAD


def _taken(turn: _Turn) -> int:
    found: SizeRow | None = turn.rows.get(state.SIZE)
    return found.bytes if found else 0


def _resize(turn: _Turn, change: int) -> None:
    taken = _taken(turn) + change
    turn.rows.put(state.SIZE, SizeRow(taken) if taken else None)


HANDLERS: Final[Mapping[type[Message], Callable[[_Turn, Any], None]]] = {
    LookUpResult: _look_up,
    ResultSettled: _settle,
    ForgetResult: _forget,
    AnswersContinued: _continue,
}
"""What the cache reads, and who takes it in."""

"""What operations have asked cache and admission for, and that these are told when it is needed no more."""

from datetime import datetime
from typing import Any, Final, Literal

from polyflow_shared.deciding.rows import Row
from polyflow_topics.admission import AskForSlot, SlotReturned
from polyflow_topics.message import Values
from polyflow_topics.names import OperationName, RunId
from polyflow_topics.results import LookUpResult, ResultSettled

Stage = Literal["asked", "waits", "holds"]
"""No answer yet; was told to wait; holds what it asked for."""
SlotStage = Literal["asked", "waits", "holds", "returned"]
"""The same; has given back what it held, and asks again before its launch."""


TOLD: Final = 120
"""Characters of a reason that a row keeps."""


class LookUpRow(Row, frozen=True, array_like=True, tag="look-up.v1"):
    """What an operation has asked the cache; there until it has ended."""

    result: str
    """What its result is kept under."""
    attempt: int
    """That it has asked with."""
    ttl: int | None = None
    stage: Stage = "asked"
    why: str = ""
    """Why it waits, as it was told."""
    started: datetime | None = None
    """When its first attempt began to run."""


class SlotRow(Row, frozen=True, array_like=True, tag="slot.v1"):
    """The slot under limits that an attempt has asked for; there until the attempt ends."""

    queue: str
    attempt: int
    stage: SlotStage = "asked"
    why: str = ""
    question: int = 0
    """The last one of this attempt; no answer to another one counts."""


ROWS: Final = (LookUpRow, SlotRow)
"""The kinds of row that a codec must know."""


def look_up_key(run: str, index: int) -> str:
    """Return the key of what an operation has asked the cache."""
    return f"{run}/look-up/{index}"


def look_up(run: str, name: str, index: int, row: LookUpRow) -> LookUpResult:
    """Return the request."""
    return LookUpResult(**_result_of(run, name, index, row), ttl=row.ttl)


def settled(
    run: str,
    name: str,
    index: int,
    row: LookUpRow,
    result: tuple[Values, tuple[datetime, datetime]] | None = None,
) -> ResultSettled:
    """Return what tells the cache that an operation needs it no more.

    Args:
        run: the operation's.
        name: the operation's.
        index: the operation's.
        row: what it has asked.
        result: if it was executed and has succeeded: its outputs, and from when to when it ran.
    """
    outputs, ran = result or (None, None)
    return ResultSettled(**_result_of(run, name, index, row), outputs=outputs, ran=ran)


def _result_of(run: str, name: str, index: int, row: LookUpRow) -> dict[str, Any]:
    return {
        "result": row.result,
        "run": RunId(run),
        "operation": OperationName(name),
        "index": index,
        "attempt": row.attempt,
    }


def slot_key(run: str, index: int) -> str:
    """Return the key of the slot that an operation has asked for."""
    return f"{run}/slot/{index}"


def ask_for_slot(run: str, name: str, index: int, row: SlotRow) -> AskForSlot:
    """Return the request; of an attempt that has its slot, what says that it still needs it."""
    return AskForSlot(**_slot_of(run, name, index, row), active=row.stage == "holds")


def slot_returned(run: str, name: str, index: int, row: SlotRow) -> SlotReturned:
    """Return what tells admission that an attempt runs no more, or does not now."""
    return SlotReturned(**_slot_of(run, name, index, row))


def _slot_of(run: str, name: str, index: int, row: SlotRow) -> dict[str, Any]:
    return {
        "run": RunId(run),
        "operation": OperationName(name),
        "index": index,
        "attempt": row.attempt,
        "queue": row.queue,
        "question": row.question,
    }

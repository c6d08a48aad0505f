"""What admission remembers: which attempts hold slots, and which wait, by queue and run."""

from typing import Final

from polyflow_shared.deciding import chains
from polyflow_shared.deciding.rows import Row, RowCodec


class SlotRow(Row, frozen=True, array_like=True, tag="slot.v1"):
    """An attempt that holds a slot, or waits for one."""

    run: str
    operation: str
    index: int
    attempt: int
    queue: str
    held: bool
    heard: int
    """When its planner was last heard or asked, in seconds since 1970."""
    question: int = 0
    """The last one that it has asked."""


class ServedRow(Row, frozen=True, array_like=True, tag="served.v1"):
    """How many slots have been given so far, and when a queue got its last one."""

    count: int


CODEC: Final = RowCodec((SlotRow, ServedRow, *chains.ROWS))

HELD: Final = "held"
"""Begins the keys of the chain of all slots, the one not heard of for longest first."""
SERVED: Final = "served"


def slot_name(run: str, index: int, attempt: int) -> str:
    """Return the name of an attempt in chains."""
    return f"{run}/{index}/{attempt}"


def slot_key(name: str) -> str:
    """Return the key of an attempt's row."""
    return f"slot/{name}"


def held_key(queue: str) -> str:
    """Return what begins the keys of the chain of slots of a queue."""
    return f"queue/{queue}/held"


def runs_key(queue: str) -> str:
    """Return what begins the keys of the chain of runs that wait in a queue, the next one first."""
    return f"queue/{queue}/runs"


def waiting_key(queue: str, run: str) -> str:
    """Return what begins the keys of the chain of a run's attempts that wait in a queue."""
    return f"queue/{queue}/run/{run}"


def served_key(queue: str) -> str:
    """Return the key of when a queue was served last."""
    return f"queue/{queue}/served"

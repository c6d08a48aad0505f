"""A decider's core over rows as they are stored."""

from polyflow_shared.decision import Decide
from polyflow_shared.rows import Overlay, StoredRows
from polyflow_topics.message import Message


def decided(decide: Decide, rows: StoredRows, message: Message, at) -> list[Message]:
    """Let a core decide, keep what it changes, and return what it says."""
    decision = decide(Overlay(rows), message, at)
    for key, row in decision.writes.items():
        rows.put(key, None if row is None else rows.codec.encode(row))
    return list(decision.messages)

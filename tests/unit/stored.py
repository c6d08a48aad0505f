"""A decider's core over rows as they are stored."""

from abc import ABC, abstractmethod
from datetime import datetime

from polyflow_shared.deciding.decision import Decide, Decision
from polyflow_shared.deciding.rows import Overlay, RowCodec, StoredRows
from polyflow_topics.message import Message


def decided(decide: Decide, rows: StoredRows, message: Message, at) -> list[Message]:
    """Let a core decide, keep what it changes, and return what it says."""
    decision = decide(Overlay(rows), message, at)
    for key, row in decision.writes.items():
        rows.put(key, None if row is None else rows.codec.encode(row))
    return list(decision.messages)


class Deciding(ABC):
    """A decider, its rows, and what it has said; what it says to itself comes back."""

    def __init__(self, codec: RowCodec, to_itself: type[Message], now: datetime) -> None:
        self.rows = StoredRows(codec)
        self.now = now
        self.said: list[Message] = []
        self._to_itself = to_itself

    @abstractmethod
    def decide(self, rows: Overlay, message: Message, at: datetime) -> Decision:
        """Decide, as the service does with its settings."""

    def take(self, *messages: Message) -> list[Message]:
        """Decide on these and what follows from them, and return what was said."""
        begun = len(self.said)
        waiting = list(messages)
        while waiting:
            said = decided(self.decide, self.rows, waiting.pop(0), self.now)
            self.said += said
            waiting += [one for one in said if isinstance(one, self._to_itself)]
        return self.said[begun:]

"""From what is seen in a cluster to messages: only what was not said before.  Pure."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from polyflow_shared.cluster.messages import measured, reported
from polyflow_shared.cluster.port import Measurement, Seen
from polyflow_topics.message import Message
from polyflow_topics.names import ClusterName, OperationName, RunId
from polyflow_topics.status import PodStatus

REMEMBERED: Final = 50_000
"""Attempts that are remembered at most; one that was forgotten may be told of again."""


class Attempt(NamedTuple):
    """What identifies a pod here."""

    run: RunId
    operation: OperationName
    attempt: int


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of one attempt."""

    status: PodStatus | None = None
    waits: str = ""
    """Why it is pending."""
    line: int = 0
    """The next line of its metrics."""


class Memory:
    """What was said of the attempts heard of last."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        """Begin with nothing said; remember so many attempts (>= 1)."""
        self._remembered = remembered
        self._told: OrderedDict[Attempt, Told] = OrderedDict()

    def news(self, seen: Iterable[Seen], cluster: ClusterName) -> Sequence[Message]:
        """Return messages for what differs from what was said, in order, and take them as said."""
        return [message for one in seen if (message := self._news_of(one, cluster)) is not None]

    def _news_of(self, seen: Seen, cluster: ClusterName) -> Message | None:
        attempt = Attempt(seen.run, seen.operation, seen.attempt)
        told = self._told.get(attempt, Told())
        if isinstance(seen, Measurement):
            if seen.line < told.line:
                return None
            self._tell(attempt, replace(told, line=seen.line + 1))
            return measured(seen)
        waits = seen.reason if seen.status is PodStatus.PENDING else ""
        if (seen.status, waits) == (told.status, told.waits):
            return None
        self._tell(attempt, replace(told, status=seen.status, waits=waits))
        return reported(seen, cluster)

    def _tell(self, attempt: Attempt, told: Told) -> None:
        self._told[attempt] = told
        self._told.move_to_end(attempt)
        if len(self._told) > self._remembered:
            self._told.popitem(last=False)

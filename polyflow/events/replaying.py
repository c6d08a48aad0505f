"""Recorded messages through today's planner: what it would say otherwise.

The planner's inbox is decided anew, record by record, and what comes out is compared with what the recorded
planner has sent.  A broker may have each of these more than once, so they are compared as sets.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from polyflow.events.recording import LoggedMessage
from polyflow_services.planner.core import decide
from polyflow_services.planner.ends.hooks import SOURCE
from polyflow_services.planner.rows import sweep_names
from polyflow_services.planner.rows.state import CODEC
from polyflow_shared.broker import codec
from polyflow_shared.broker.port import Record
from polyflow_shared.deciding.decision import Decide
from polyflow_shared.deciding.rows import StoredRows
from polyflow_shared.errors import PermanentError
from polyflow_topics.catalog import RUN_INBOX
from polyflow_topics.inbox import SweepContinued, TimerFired

_NOT_DECIDED: Final = frozenset({TimerFired.WIRE})
"""What is sent around the core: timers that are due."""


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the planner's."""

    topic: str
    type: str
    id: str
    data: Any

    @property
    def identity(self) -> tuple[str, str, str]:
        """Return what two messages about the same thing have in common."""
        return (self.topic, self.type, self.id)


@dataclass(frozen=True, slots=True)
class Difference:
    """A message that was said once and not the other time, or otherwise.

    Attributes:
        place: where it stands in the recording; none for what only today's planner says.
        recorded: what was said then, if it was.
        today: what is said today, if it is.
    """

    place: str
    recorded: Said | None
    today: Said | None


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of a recording.

    Attributes:
        handled: records of the inbox.
        said: messages of the recorded planner, each counted once.
        differences: in the order of the recording, then what only today's planner says.
    """

    handled: int
    said: int
    differences: Sequence[Difference]


def replay(messages: Sequence[LoggedMessage], decide: Decide = decide) -> Replay:
    """Return how today's planner differs from the one that was recorded.

    Messages to topics of which nothing was recorded are not compared; nor is what only today's planner says
    after the last message that both say, for a recording may end in the middle of a decision.

    Args:
        messages: from the first record of a run on.
        decide: the planner's core.
    """
    inbox = [message for message in messages if message.topic == RUN_INBOX.name]
    topics = {message.topic for message in messages}
    today = {_key(said): said for said in _decided(inbox, decide) if said.topic in topics}
    then = {_key(said): (message, said) for message in messages if (said := _recorded(message)) is not None}
    common = [position for position, key in enumerate(today) if key in then]
    until = max(common, default=-1)
    new = [said for position, (key, said) in enumerate(today.items()) if key not in then and position < until]
    gone = [(message, said) for key, (message, said) in then.items() if key not in today]
    return Replay(len(inbox), len(then), list(_paired(gone, new)))


def _paired(gone: Sequence[tuple[LoggedMessage, Said]], new: Sequence[Said]) -> Iterator[Difference]:
    """Yield what is said otherwise as one difference, and the rest by itself."""
    left: dict[tuple[str, str, str], list[Said]] = {}
    for said in new:
        left.setdefault(said.identity, []).append(said)
    for message, said in gone:
        partners = left.get(said.identity)
        yield Difference(str(message.place), said, partners.pop(0) if partners else None)
    for partners in left.values():
        for said in partners:
            yield Difference("", None, said)


def _key(said: Said) -> tuple[str, str, str, bytes]:
    return (*said.identity, msgspec.json.encode(said.data, order="deterministic"))


def _decided(inbox: Sequence[LoggedMessage], decide: Decide) -> Iterator[Said]:
    rows = StoredRows(CODEC)
    for message in inbox:
        at = datetime.fromtimestamp(message.at, UTC)
        headers = tuple((name, value.encode()) for name, value in message.headers.items())
        record = Record(*message.place, message.key, message.value, headers, at)
        try:
            decision = decide(rows, codec.decode(record), at)
        except PermanentError:
            continue  # it was set aside then as well
        for key, row in decision.writes.items():
            rows.put(key, None if row is None else CODEC.encode(row))
        for one in decision.messages:
            sent = codec.encode(one, source=SOURCE, at=at)
            yield Said(sent.topic, one.WIRE, one.identity(), msgspec.json.decode(sent.value or b"null"))


def _recorded(message: LoggedMessage) -> Said | None:
    """Return what a record says, if the planner's core has said it."""
    headers: Mapping[str, str] = message.headers
    wire = headers.get("ce_type", "")
    if headers.get("ce_source") != SOURCE or wire in _NOT_DECIDED or message.value is None:
        return None
    data = msgspec.json.decode(message.value)
    if wire == SweepContinued.WIRE and data["sweep"] == sweep_names.RECOVER and data["cursor"] == 0:
        return None  # a planner begins it after a restart, whatever it reads
    return Said(message.topic, wire, headers.get("ce_id", ""), data)

"""I8: the planner's inbox, decided anew from the beginning, gives the same rows and says the same."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from polyflow_shared.broker import codec
from polyflow_shared.broker.port import Record
from polyflow_shared.deciding.decision import Decide
from polyflow_shared.deciding.rows import RowCodec, StoredRows
from polyflow_shared.errors import PermanentError
from polyflow_topics.catalog import RUN_EVENTS, RUN_INBOX, topic_of
from tests.verifier.facts import gather
from tests.verifier.log import LoggedMessage
from tests.verifier.violation import Violation

Dated = Callable[[LoggedMessage], datetime]


def replayed(messages: Sequence[LoggedMessage], decide: Decide, rows: RowCodec) -> Iterator[Violation]:
    """Yield what differs between the log and what a core makes of its inbox.

    Args:
        messages: a whole log, from the first record on.
        decide: the core.
        rows: how it keeps its rows.
    """
    stored = StoredRows(rows)
    events: dict[tuple[str, int], bytes] = {}
    for message in messages:
        if message.topic == RUN_INBOX.name:
            _decide(message, decide, stored, events)
    yield from _same_rows(messages, stored)
    yield from _same_events(messages, events)


def _decide(
    message: LoggedMessage, decide: Decide, stored: StoredRows, events: dict[tuple[str, int], bytes]
) -> None:
    at = datetime.fromtimestamp(message.at, UTC)
    headers = tuple((name, value.encode()) for name, value in message.headers.items())
    record = Record(message.topic, message.partition, message.offset, message.key, message.value, headers, at)
    try:
        decision = decide(stored, codec.decode(record), at)
    except PermanentError:
        return
    for key, row in decision.writes.items():
        stored.put(key, None if row is None else stored.codec.encode(row))
    for said in decision.messages:
        if topic_of(said) == RUN_EVENTS.name and (sequence := getattr(said, "sequence", 0)):
            events[said.key(), sequence] = codec.encode(said, source="/polyflow/planner", at=at).value or b""


def _same_rows(messages: Sequence[LoggedMessage], stored: StoredRows) -> Iterator[Violation]:
    kept: Mapping[str, LoggedMessage] = gather(messages).rows
    expected = dict(stored.items())
    for key in sorted(kept.keys() | expected.keys()):
        row = kept.get(key)
        run, _, kind = key.partition("/")
        if _shown(kind, row.value if row else None) != _shown(kind, expected.get(key)):
            places = [row.place] if row else []
            yield Violation("I8", run, "", places, f"row {kind} is not what the inbox makes of it")


def _shown(kind: str, row: bytes | None) -> object:
    """Return what has to be the same: of a request that was answered only that it was.

    A planner that dies behind its rows reads some requests again, now that there is a run which can follow
    them at once, so that they are remembered in another order.
    """
    return row is not None if kind.startswith("answered/") else row


def _same_events(
    messages: Sequence[LoggedMessage], events: Mapping[tuple[str, int], bytes]
) -> Iterator[Violation]:
    for run in gather(messages).runs.values():
        said = {event.data["sequence"]: event for event in run.events}
        expected = {sequence for key, sequence in events if key == run.run}
        for sequence in sorted(expected ^ said.keys()):
            places = [said[sequence].place] if sequence in said else []
            text = f"event {sequence} is {'not in' if places else 'missing from the log but in'} a replay"
            yield Violation("I8", run.run, "", places, text)

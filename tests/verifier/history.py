"""I8: the read model is what the run events make of it, one after the other."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from polyflow_services.projector.core import project
from polyflow_shared.broker import codec
from polyflow_shared.broker.port import Record
from polyflow_shared.errors import PermanentError
from polyflow_shared.read_model.port import ReadModel, ReadModelReader
from polyflow_topics.catalog import RUN_EVENTS
from polyflow_topics.message import Message
from polyflow_topics.names import RunId
from tests.verifier.log import LoggedMessage
from tests.verifier.violation import Violation


def history_kept(
    messages: Sequence[LoggedMessage], kept: ReadModelReader, fresh: ReadModel
) -> Iterator[Violation]:
    """Yield what differs between a read model and what the log makes of an empty one.

    Args:
        messages: a whole log, from the first record on.
        kept: the read model that was kept.
        fresh: an empty one.
    """
    runs = set()
    for message in messages:
        if message.topic == RUN_EVENTS.name and (event := _decoded(message)) is not None:
            fresh.apply(project([event]))
            runs.add(RunId(event.key()))
    verbs: Sequence[Callable[[ReadModelReader, RunId], object]] = (
        lambda model, run: model.run(run),
        lambda model, run: model.request(run),
        lambda model, run: model.events(run),
    )
    for run in sorted(runs):
        for verb, what in zip(verbs, ("what is shown of it", "its request", "its events"), strict=True):
            if verb(kept, run) != verb(fresh, run):
                yield Violation("I8", run, "", [], f"in the history {what} is not what was said")


def _decoded(message: LoggedMessage) -> Message | None:
    at = datetime.fromtimestamp(message.at, UTC)
    headers = tuple((name, value.encode()) for name, value in message.headers.items())
    try:
        return codec.decode(Record(*message.place, message.key, message.value, headers, at))
    except PermanentError:
        return None

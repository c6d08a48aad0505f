"""Runs on Kafka by their events, as far as the broker has kept them: a read model in memory."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from polyflow.events.hooks import hooks_of, open_hooks
from polyflow.history import History
from polyflow.known.sources import Here, Known, Source, look, recorded
from polyflow.running.asking import accepted
from polyflow_services.projector.core import generations, project
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_topics.events import RequestAnswered
from polyflow_topics.message import Message
from polyflow_topics.names import RunId
from polyflow_topics.operating import RunRequest

if TYPE_CHECKING:  # Kafka's client takes 90 ms to import
    from polyflow.running.kafka import KafkaRuns


@contextmanager
def in_memory() -> Iterator[SqliteReadModel]:
    """Yield a read model of nothing yet."""
    with closing(SqliteReadModel.open(Path(":memory:"))) as model:
        yield model


def take_in(model: SqliteReadModel, events: Iterable[Message]) -> None:
    """Write what events change, as the projector does."""
    for together in generations(events):
        model.apply(project(together))


class OnKafka:
    """Runs behind a broker: those that the projector of this machine has, and all that have events there."""

    def __init__(self, runs: "KafkaRuns", history: History, kafka: str) -> None:
        """Look them up there.

        Args:
            runs: behind the broker.
            history: what the projector writes to, if it runs on this machine.
            kafka: the broker, as the user has named it.
        """
        self._runs = runs
        self._history = history
        self._kafka = kafka

    async def known(self, run: str, *, again: bool = False) -> Known | None:
        """Return what is known of a run; of one that this machine does not know, by its whole id."""
        here = recorded(self._history, self._history.find(run)) if self._history.knows(run) else None
        # A projector may be behind, and not have its end.
        return (await self._heard(RunId(run)) or here) if here is None or again else here

    async def ask(self, message: RunRequest) -> RequestAnswered | None:
        """Ask the planner."""
        return accepted(await self._runs.ask(message))

    def command(self, run: RunId) -> str:
        """Return the command that tells more of a run."""
        return look(run, self._kafka)

    async def _heard(self, run: RunId) -> Known | None:
        with in_memory() as model:
            take_in(model, await self._runs.so_far(run))
            if (following := open_hooks(model, run)) != []:
                take_in(model, await self._runs.so_far(*following))
            view, events = model.run(run), model.events(run)
            if view is None:
                return None
            return Known(view, tuple(hooks_of(model, run)), whole=events[0].sequence <= 1)


def source_of(history: History, runs: "KafkaRuns | None") -> Source:
    """Return where runs are known: behind a broker, or on this machine if none is given."""
    return Here(history) if runs is None else OnKafka(runs, history, runs.address)

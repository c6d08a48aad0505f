"""What is known of a run, and whom to ask of one that goes on: where it ran, on this machine or on Kafka."""

from dataclasses import dataclass
from typing import Protocol

from polyflow.events.hooks import HookView, hooks_of
from polyflow.history import History
from polyflow.running.asking import ask_here
from polyflow_shared.read_model.views import RunView
from polyflow_topics.events import RequestAnswered
from polyflow_topics.names import RunId
from polyflow_topics.operating import RunRequest


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a run.

    Attributes:
        view: how it stands.
        hooks: that have had their turn.
        whole: whether all of its events are known; else those before the first one are gone.
    """

    view: RunView
    hooks: tuple[HookView, ...] = ()
    whole: bool = True


class Source(Protocol):
    """Where runs are known, and those who decide on them can be asked."""

    async def known(self, run: str, *, again: bool = False) -> Known | None:
        """Return what is known of a run; None where that is nothing.

        Args:
            run: an id, or what stands for one here.
            again: whether more is known than this has said before: the run has ended meanwhile.

        Raises:
            UnknownRunError: there can be no such run, or more than one is meant.
        """

    async def ask(self, message: RunRequest) -> RequestAnswered | None:
        """Ask something of a run that goes on; return the answer, None if there is none in time.

        Raises:
            EngineGoneError: nobody runs it.
            RefusedError: it means nothing as things stand.
        """

    def command(self, run: RunId) -> str:
        """Return the command that tells more of a run."""


class Here:
    """Runs of this machine."""

    def __init__(self, history: History) -> None:
        """Look them up here."""
        self._history = history

    async def known(self, run: str, *, again: bool = False) -> Known | None:
        """Return what is known of a run."""
        return recorded(self._history, self._history.find(run))

    async def ask(self, message: RunRequest) -> RequestAnswered | None:
        """Ask the engine that runs the run."""
        return await ask_here(message, self._history.engine(message.run).socket)

    def command(self, run: RunId) -> str:
        """Return the command that tells more of a run."""
        return look(run)


def look(run: RunId, kafka: str = "") -> str:
    """Return the command that tells more of a run: of one behind a broker, one that does so anywhere."""
    return explain_command(run, kafka) if kafka else f"polyflow show {run}"


def explain_command(run: RunId, kafka: str = "") -> str:
    """Return the command that says why a run stands as it does."""
    return f"polyflow explain {run}{f' --kafka {kafka}' if kafka else ''}"


def recorded(history: History, run: RunId) -> Known:
    """Return what the history of this machine knows of a run that it has.

    Raises:
        UnknownRunError: it was removed meanwhile.
    """
    return Known(history.view(run), tuple(hooks_of(history, run)))

"""Requests about a run that goes on: to whom they go, and what comes back."""

from pathlib import Path
from typing import Final

from polyflow.history import History
from polyflow_shared.errors import PolyflowError
from polyflow_shared.machine import control
from polyflow_shared.machine.home import RunFolder
from polyflow_shared.read_model.views import INTERRUPTED
from polyflow_topics.events import RequestAnswered
from polyflow_topics.names import RunId
from polyflow_topics.operating import RunRequest


class RefusedError(PolyflowError):
    """What was asked of a run means nothing as things stand."""


class HasEndedError(RefusedError):
    """What was asked of a run comes too late: it has ended."""


class NotRunningError(control.EngineGoneError):
    """There is nobody who could be asked: the run does not go on; the message says how it stands."""


HAS_ENDED: Final = "RunEnded"
"""The planner's reason where it is asked of a run that has ended."""
COMMANDS: Final = {"limit": "set"}
"""What users call a request, where it is not its kind."""


def going_on(history: History, run: RunId) -> RunFolder:
    """Return the folder of the engine that runs a run of this machine.

    Raises:
        NotRunningError: the run has ended, or its engine is gone.
    """
    summary = history.summary(run)
    status = summary.status if summary else "gone"
    if summary is None or summary.final or status == INTERRUPTED:
        hint = f"; to go on with it: polyflow resume {run}" if status == INTERRUPTED else ""
        raise NotRunningError(f"the run {run} is not going on: it is {status}{hint}")
    return history.engine(run)


async def ask_here(message: RunRequest, socket: Path) -> RequestAnswered | None:
    """Ask the engine on this machine that runs the run; return its answer, None if there is none in time.

    Raises:
        EngineGoneError: nobody runs it.
        RefusedError: it means nothing as things stand.
    """
    return accepted(await control.ask(socket, message))


async def ask_on_kafka(message: RunRequest, kafka: str) -> RequestAnswered | None:
    """Ask the services behind a broker; return their answer, None if there is none in time.

    Raises:
        BrokerUnavailableError: it is not known to be written.
        RefusedError: it means nothing as things stand.
    """
    from polyflow.running.kafka import runs_on  # noqa: PLC0415 -- Kafka's client takes 90 ms to import

    async with runs_on(kafka) as runs:
        return accepted(await runs.ask(message))


def accepted(answer: RequestAnswered | None) -> RequestAnswered | None:
    """Return an answer that is not a refusal.

    Raises:
        RefusedError: it is one; a `HasEndedError` where that is so because the run has ended.
    """
    if answer is not None and not answer.accepted:
        kind = HasEndedError if answer.reason == HAS_ENDED else RefusedError
        raise kind(f"{command_of(answer.kind)} refused: {answer.message} ({answer.reason})")
    return answer


def command_of(kind: str) -> str:
    """Return what users call a kind of request."""
    return COMMANDS.get(kind, kind)

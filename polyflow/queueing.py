"""How the queues stand, wherever admission decides: on this machine, or on Kafka."""

from asyncio import to_thread
from contextlib import closing
from typing import Protocol

from polyflow.requests.ids import new_id
from polyflow_shared.errors import PolyflowError
from polyflow_shared.machine.home import Home
from polyflow_topics.queues import QueuesAsked, QueuesListed


class NoAnswerError(PolyflowError):
    """Admission does not answer."""


class Elsewhere(Protocol):
    """Where an admission is that is not on this machine."""

    async def queues(self) -> QueuesListed | None:
        """Return how the queues stand; None if there is no answer in time."""


async def queues(at: Home, elsewhere: Elsewhere | None) -> QueuesListed:
    """Return the queues, the one that goes first first: their limits, how many run and how many wait.

    Args:
        at: whose runs they are.
        elsewhere: where admission is; on this machine if not given.

    Raises:
        NoAnswerError: nobody answers.
        CatalogueError: something is wrong with the catalogue of this machine.
        BrokerUnavailableError: what is elsewhere cannot be reached.
    """
    if elsewhere is None:
        return await to_thread(_here, at)  # may wait for other processes that ask for places
    listed = await elsewhere.queues()
    if listed is None:
        raise NoAnswerError("admission does not answer; does `polyflow serve admission` run?")
    return listed


def _here(at: Home) -> QueuesListed:
    from polyflow_services.embedded import commons_of  # noqa: PLC0415 -- all services take 100 ms to import
    from polyflow_topics.catalog import ADMISSION_REQUESTS  # noqa: PLC0415

    with closing(commons_of(at)) as commons:
        commons.tidy()
        (listed,) = commons.decide(ADMISSION_REQUESTS.name, QueuesAsked(request=new_id()))
    assert isinstance(listed, QueuesListed)
    return listed

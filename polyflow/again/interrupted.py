"""Runs whose engine was killed: what goes on when they are taken up, and how."""

from collections.abc import Sequence
from typing import NamedTuple

from polyflow.history import History, engine_of
from polyflow.requests.orders import Order
from polyflow.running.session import workdir_of
from polyflow.specifications.collecting import options_here
from polyflow_shared.machine.home import Home
from polyflow_shared.read_model.views import INTERRUPTED
from polyflow_topics.names import RunId


class CutShort(NamedTuple):
    """A run whose engine was killed."""

    goes_on: RunId
    engine: RunId
    """The run in whose engine it does."""


def cut_short(history: History, run: str) -> CutShort | None:
    """Return the run that goes on where one is taken up; None where none was cut short.

    The run of a hook goes on with the run that it follows, unless that has ended.

    Raises:
        UnknownRunError: no run, or more than one, is meant.
    """
    view = history.summary(history.find(run))
    if view is None or view.status != INTERRUPTED:
        return None
    engine = engine_of(view)
    followed = history.summary(engine)
    goes_on = view.id if followed is None or followed.final else engine
    return CutShort(goes_on, engine)


def as_it_is(at: Home, engine: RunId, hubs: Sequence[str] = ()) -> Order:
    """Return how a run that was cut short goes on; what its hooks run may need the connections."""
    places = options_here(at, hubs=hubs).places
    return Order("", workdir_of(at.run(engine)), {}, places=places, engine=engine)

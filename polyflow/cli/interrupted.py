"""Runs whose engine was killed: what goes on when they are taken up, and how."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from polyflow.cli.options import history
from polyflow.history import engine_of
from polyflow.request import Order
from polyflow.session import workdir_of
from polyflow_shared.home import connections_of, home, private_hosts_of
from polyflow_shared.read_model.views import INTERRUPTED
from polyflow_shared.references.fetching import Places
from polyflow_topics.names import RunId


class CutShort(NamedTuple):
    """A run whose engine was killed."""

    goes_on: RunId
    engine: RunId
    """The run in whose engine it does."""


def cut_short(run: str) -> CutShort | None:
    """Return the run that goes on where one is taken up; None where none was cut short.

    The run of a hook goes on with the run that it follows, unless that has ended.
    """
    with history() as found:
        view = found.summary(found.find(run))
        if view is None or view.status != INTERRUPTED:
            return None
        engine = engine_of(view)
        followed = found.summary(engine)
    goes_on = view.id if followed is None or followed.final else engine
    return CutShort(goes_on, engine)


def as_it_is(engine: RunId, hubs: Sequence[str]) -> Order:
    """Return how a run that was cut short goes on; what its hooks run may need the connections."""
    places = Places(
        hubs,
        private_hosts_of(os.environ),
        [home(os.environ).presets],
        connections=connections_of(os.environ),
    )
    return Order("", workdir_of(home(os.environ).run(engine)), {}, places=places, engine=engine)

"""I8 of the read model: what a log makes of an empty one."""

from pathlib import Path
from random import Random

from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_topics.catalog import RUN_EVENTS
from tests.simulator.world import drawn, simulate
from tests.verifier.history import history_kept
from tests.verifier.log import LoggedMessage

SEED = next(seed for seed in range(1, 1000) if drawn(Random(seed)).workload.traits.joins)
LOG = simulate(SEED).messages


def empty() -> SqliteReadModel:
    return SqliteReadModel.open(Path(":memory:"))


def of(messages: list[LoggedMessage]) -> SqliteReadModel:
    """Return the read model that a log makes."""
    model = empty()
    list(history_kept(messages, empty(), model))
    return model


def test_what_the_log_says_is_there() -> None:
    assert list(history_kept(LOG, of(LOG), empty())) == []


def test_an_event_that_was_not_projected_is_missed() -> None:
    last = max(
        number
        for number, one in enumerate(LOG)
        if one.topic == RUN_EVENTS.name and b'"sequence":' in (one.value or b"")
    )
    found = list(history_kept(LOG, of([*LOG[:last], *LOG[last + 1 :]]), empty()))
    assert "its events" in " ".join(one.text for one in found)

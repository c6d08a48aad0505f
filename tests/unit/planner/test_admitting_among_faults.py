"""Limits of the installation among pauses, repetitions and deaths: kept, and in nobody's way."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow_topics.names import RunId
from tests.unit.planner.faulty_installation import FaultyInstallation, pauses
from tests.unit.planner.plan_builder import RUN, Dag, Op
from tests.unit.planner.test_admitting import limited

RUNS = [RunId(RUN[:-1] + end) for end in "12"]


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 3), st.integers(1, 2), st.integers(0, 2**32))
def test_no_more_run_than_the_limit_allows_whoever_dies_or_is_paused(
    size: int, limit: int, seed: int
) -> None:
    rng = Random(seed)
    graph = Dag({f"o{number}": Op(retries=1) for number in range(size)})
    world = FaultyInstallation([limited(graph, run=run) for run in RUNS], limit, rng)
    world.play(pauses(RUNS, rng))
    assert world.most <= limit
    assert set(world.ended) == set(RUNS)
    assert not [key for key, _ in world.admission.rows.items() if "slot" in key or "held" in key]

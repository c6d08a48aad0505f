"""Seeds keep all promises; a seed is one world; and what can go wrong does."""

import asyncio
import os
import subprocess
import sys
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from polyflow_services.planner import core as planner
from polyflow_shared.deciding.decision import Decision
from polyflow_shared.deciding.rows import Rows
from polyflow_topics.catalog import DEAD_LETTERS
from polyflow_topics.message import Message
from tests.simulator import faults
from tests.simulator.__main__ import SEEDS
from tests.simulator.faults import Faults
from tests.simulator.services import Parts
from tests.simulator.virtual_time import VirtualLoop
from tests.simulator.world import drawn, simulate

EVERY_TIME = range(1, 201)
STORED = sorted(int(path.stem) for path in SEEDS.glob("*.txt"))
LONG = {18858}
"""Stored seeds that take more than ten seconds; `make test-simulator` plays them."""
ROOT = Path(__file__).parents[2]
DIGEST = """
from hashlib import sha256
from tests.simulator.world import simulate
digest = sha256()
for seed in range(1, 31):
    for message in simulate(seed).messages:
        # A barrier's key is drawn by the service itself, and means nothing.
        digest.update(f"{message.place} {message.at} {message.value}".encode())
print(digest.hexdigest())
"""


@pytest.mark.campaign
@pytest.mark.parametrize("first", range(EVERY_TIME.start, EVERY_TIME.stop, 50))
def test_fifty_seeds_keep_all_promises(first: int) -> None:
    assert {seed: found for seed in range(first, first + 50) if (found := simulate(seed).violations)} == {}


@pytest.mark.parametrize(
    "seed",
    [pytest.param(seed, marks=pytest.mark.campaign) if seed in LONG else seed for seed in STORED],
)
def test_a_seed_that_once_failed_keeps_all_promises(seed: int) -> None:
    assert simulate(seed).violations == []


def test_a_core_that_stumbles_is_told_and_nothing_is_set_aside() -> None:
    stumbled: list[Message] = []

    def decide(rows: Rows[Any], message: Message, at: datetime) -> Decision:
        if not stumbled:
            stumbled.append(message)
            raise KeyError("scope")
        return planner.decide(rows, message, at)

    outcome = simulate(1, Parts(planner=decide))
    told = [violation.text for violation in outcome.violations]
    assert [text for text in told if "ends with KeyError: 'scope'" in text] != []
    assert [one for one in outcome.messages if one.topic == DEAD_LETTERS.name] == []


def test_a_seed_is_the_same_world_in_every_process() -> None:
    assert len({_digest(hash_seed) for hash_seed in ("1", "2")}) == 1


def _digest(hash_seed: str) -> str:
    around = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", DIGEST], cwd=ROOT, env=around, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_two_seeds_are_two_worlds() -> None:
    assert drawn(Random(1)) != drawn(Random(2))


def test_every_fault_is_drawn_and_happens() -> None:
    drawn_often = {
        one.name
        for seed in range(2000)
        for one in fields(Faults)
        if getattr(faults.draw(Random(seed)), one.name) != getattr(Faults(), one.name)
    }
    assert drawn_often == {one.name for one in fields(Faults)} - {"slow"}


def test_a_healed_world_has_no_faults() -> None:
    rough = faults.draw(Random(7))
    assert rough != Faults()
    assert rough.healed() == Faults()


def test_the_story_of_a_seed_says_what_happens_and_when() -> None:
    outcome = simulate(3, told=True)
    assert outcome.story[0].split()[:3] == ["0.000", "seed", "3:"]
    assert any("polyflow.pipeline.request.v1" in line for line in outcome.story)
    assert [float(line.split()[0]) for line in outcome.story] == sorted(
        float(line.split()[0]) for line in outcome.story
    )


def test_an_hour_passes_in_no_time() -> None:
    loop = VirtualLoop()
    loop.run_until_complete(asyncio.sleep(3600))
    assert loop.time() == pytest.approx(3600)
    loop.close()

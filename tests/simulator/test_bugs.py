"""Every planted bug is found within a thousand seeds; the report says at which."""

from collections.abc import Callable

import pytest

from tests.simulator.__main__ import found_at, worlds
from tests.simulator.bugs import BUGS

SEEDS = 1000
BROKEN = {
    "double start": "I2",
    "early start": "I3",
    "leaked row": "I8",
    "forgotten release": "I6",
    "lost stop": "I9",
    "duplicate final event": "I4",
    "retries without end": "I11",
    "services without end": "I1",
    "failure policy forgotten": "I11",
    "infrastructure's failure counted": "I11",
    "no back-off": "I11",
    "outputs not awaited": "I9",
    "equal operations not awaited": "I7",
    "limit not changed": "I7",
    "launches without bound": "I7",
    "no approval awaited": "I3",
    "early request forgotten": "I9",
    "skipped is stopped": "I9",
    "repeated request obeyed": "I1",
    "limits of the installation exceeded": "I7",
    "runs take no turns": "I7",
    "slot of the installation not returned": "I1",
    "any generation goes on": "I4",
    "kept outputs lost": "I9",
    "kept and executed": "I11",
    "hook whatever the end": "I9",
    "hook forgotten": "I9",
    "answers before events": "I3",
}
"""Which promise a bug breaks, where it is always the same."""


def test_there_are_a_dozen_kinds() -> None:
    assert len(BUGS) >= 12


@pytest.mark.campaign
@pytest.mark.timeout(600)
@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug: str, record_property: Callable[[str, object], None]) -> None:
    outcome = found_at(BUGS[bug], worlds(bug, range(1, SEEDS + 1)))
    assert outcome is not None
    record_property("seed", outcome.seed)
    promises = {violation.invariant for violation in outcome.violations}
    assert BROKEN.get(bug, min(promises)) in promises, (outcome.seed, promises)

"""What the objects at the end add to the lives that an audit log tells."""

from typing import Any

import pytest

from tests.verifier.log import PodLife
from tests.verifier.present import completed
from tests.verifier.story import RUN, START

END = START + 100


def shown(
    second: int, *, attempt: int = 0, phase: str = "Running", ended: int | None = None, tracked: str = "true"
) -> dict[str, Any]:
    labels = {
        "polyflow.io/run": RUN,
        "polyflow.io/index": "3",
        "polyflow.io/attempt": str(attempt),
        "polyflow.io/tracked": tracked,
    }
    state = {"running": {}} if ended is None else {"terminated": {"finishedAt": _text(ended)}}
    return {
        "metadata": {"name": f"pf-{attempt}", "labels": labels, "creationTimestamp": _text(second)},
        "status": {"phase": phase, "containerStatuses": [{"name": "main", "state": state}]},
    }


def _text(second: int) -> str:
    return f"2026-01-01T00:00:{second:02}Z"


def life(created: float, ended: float | None = None, deleted: float | None = None) -> PodLife:
    return PodLife(RUN, 3, 0, START + created, ended and START + ended, deleted and START + deleted)


CASES = {
    "it runs": ([life(1.2)], [shown(1)], [life(1.2)]),
    "its end was not logged": (
        [life(1.2)],
        [shown(1, phase="Succeeded", ended=5)],
        [life(1.2, ended=5)],
    ),
    "the end that was logged counts": (
        [life(1.2, ended=4.5)],
        [shown(1, phase="Failed", ended=5)],
        [life(1.2, ended=4.5)],
    ),
    "its release was not logged": (
        [life(1.2, ended=4.5)],
        [shown(1, phase="Failed", ended=5, tracked="released")],
        [life(1.2, ended=4.5, deleted=100)],
    ),
    "it is held after its release": (
        [life(1.2, ended=4.5)],
        [shown(1, phase="Failed", ended=5, tracked="held")],
        [life(1.2, ended=4.5, deleted=100)],
    ),
    "it is gone": ([life(1.2)], [], [life(1.2, deleted=100)]),
    "it was gone long ago": ([life(1.2, deleted=7)], [], [life(1.2, deleted=7)]),
    "its creation was not logged: it was within that second": ([], [shown(2)], [life(3)]),
    "it was created once more, which was not logged": (
        [life(1.2)],
        [shown(3)],
        [life(1.2, deleted=100), life(4)],
    ),
    "the creation was answered late": ([life(9.9)], [shown(1)], [life(9.9)]),
}


@pytest.mark.parametrize(("lives", "pods", "expected"), CASES.values(), ids=CASES.keys())
def test_objects_complete_the_lives(lives, pods, expected) -> None:
    assert completed(lives, pods, END) == expected


def test_attempts_are_told_apart_and_other_pods_are_left_out() -> None:
    other = {"metadata": {"name": "coredns-1", "creationTimestamp": _text(1)}}
    found = completed([life(1.2)], [shown(1), shown(1, attempt=1), other], END)
    assert [(one.attempt, one.created) for one in found] == [(0, START + 1.2), (1, START + 2)]

"""The generations of a run: what was said of it from one beginning to the next, where it was resumed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tests.verifier.facts import OPERATION_CHANGED, RUN_CHANGED, RunFacts, Said, seconds
from tests.verifier.log import PodLife

_PRECISION: Final = 0.001
"""Seconds: what the times in headers are cut to."""


@dataclass(frozen=True)
class _Window:
    """From where to where a generation goes; the end is no part of it."""

    events: tuple[float, float]
    """Sequences."""
    offsets: tuple[float, float]
    """Of the partition of the run's events."""
    requested: tuple[float, float]
    """Offsets of the partition of what the planner reads."""
    attempts: tuple[float, float]


def generations(run: RunFacts, pods: Sequence[PodLife]) -> Iterator[tuple[RunFacts, list[PodLife]]]:
    """Yield for each generation what was said of it, and its pods.

    Attempts count on from generation to generation, so that each has its own.
    """
    begins = list({_generation(one): one for one in reversed(run.history) if _generation(one)}.values())[::-1]
    if not begins:
        yield run, list(pods)
        return
    for window in _windows(run, begins):
        yield _part(run, window), [pod for pod in pods if _in(pod.attempt, window.attempts)]


def _generation(event: Said) -> int:
    if event.wire != RUN_CHANGED or event.status != "created":
        return 0
    return int(event.data.get("generation", 0))


def _windows(run: RunFacts, begins: Sequence[Said]) -> Iterator[_Window]:
    last = float("inf")
    marks = [
        (
            begin.data["sequence"],
            begin.place.offset,
            _requested(run, begin),
            _attempts(run, begin),
        )
        for begin in begins
    ]
    starts = [(0, 0, 0, 0), *marks]
    for start, end in zip(starts, [*marks, (last, last, last, last)], strict=True):
        yield _Window(*((start[place], end[place]) for place in range(4)))  # type: ignore[arg-type]


def _requested(run: RunFacts, begin: Said) -> float:
    """Return where the plan began that a generation is made of: requests that came again are planned again."""
    at, specification = seconds(begin.data["at"]), begin.data.get("specification")
    plans = [one for one in run.begun if one.at <= at and one.data.get("specification") == specification]
    latest = max((one.at for one in plans), default=0.0)
    return min((one.place.offset for one in plans if one.at == latest), default=0)


def _attempts(run: RunFacts, begin: Said) -> int:
    """Return one more than the highest number that an attempt was surely given before a generation began."""
    before = begin.data["sequence"]
    launched = [
        event.attempt
        for event in run.history
        if event.wire == OPERATION_CHANGED and event.status == "scheduled" and event.data["sequence"] < before
    ]
    # A batch dates what it says by its last record: no later generation can have said what is dated before.
    began = seconds(begin.data["at"]) - _PRECISION
    claimed = [claim.attempt for claim in run.claims if claim.time and seconds(claim.time) <= began]
    return max([*launched, *claimed], default=-1) + 1


def _part(run: RunFacts, window: _Window) -> RunFacts:
    def attempts(said: Sequence[Said]) -> list[Said]:
        return [one for one in said if _in(one.attempt, window.attempts)]

    return replace(
        run,
        events=[one for one in run.events if _in(one.data["sequence"], window.events)],
        answers=[one for one in run.answers if _in(one.place.offset, window.offsets)],
        questions=[one for one in run.questions if _in(one.place.offset, window.offsets)],
        stops=[one for one in _asked_once(run.stops) if _is_stop_of(one, window)],
        commands=attempts(run.commands),
        reports=attempts(run.reports),
        statements=attempts(run.statements),
        attempts_before=int(window.attempts[0]),
    )


def _asked_once(stops: Sequence[Said]) -> list[Said]:
    """Return stops without those that came again: one that a run was asked before it was resumed is over."""
    first: dict[str, Said] = {}
    return [one for one in stops if first.setdefault(one.data.get("request") or str(one.place), one) is one]


def _is_stop_of(stop: Said, window: _Window) -> bool:
    """Tell whether a stop is about a generation: not where a policy was met by what an earlier one measured."""
    measured = stop.data.get("attempt")
    late = measured is not None and measured < window.attempts[0]
    return _in(stop.place.offset, window.requested) and not late


def _in(value: float, window: tuple[float, float]) -> bool:
    return window[0] <= value < window[1]

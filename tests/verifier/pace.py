"""I5: what follows from an end follows soon, and an ended run leaves nothing behind; I8: its rows are gone."""

from collections.abc import Iterator, Mapping

from tests.verifier.facts import FINAL, OPERATION_CHANGED, RUN_CHANGED, Facts, RunFacts, Said
from tests.verifier.log import PodLife
from tests.verifier.violation import Violation

_KEPT = {"stub", "timer/stub"}
"""What stays of an ended run, so that its request is known when it comes again."""


def hands_over(run: RunFacts, pods: list[PodLife], within: float) -> Iterator[Violation]:
    """I5: a launch becomes a pod soon, a pod's end an event, the last end the end of the run."""
    history = run.history
    launched = {(one.index, one.attempt): one for one in reversed(history) if one.status == "scheduled"}
    over = _over(history)
    for pod in pods:
        attempt, name = (pod.index, pod.attempt), run.name_of(pod.index)
        said = launched.get(attempt)
        if said is not None and pod.created > said.at + within:
            text = f"its pod came {pod.created - said.at:.0f} s after it was said to be scheduled"
            yield Violation("I5", run.run, name, [said.place], text)
        end = over.get(attempt)
        if pod.ended is not None and end is not None and end.at > pod.ended + within:
            text = f"its end was said {end.at - pod.ended:.0f} s after its pod had ended"
            yield Violation("I5", run.run, name, [end.place], text)
    yield from _ends_soon(run, history, within)


def _over(history: list[Said]) -> Mapping[tuple[int, int], Said]:
    found: dict[tuple[int, int], Said] = {}
    for event in history:
        if event.wire == OPERATION_CHANGED and event.status in FINAL | {"retrying"}:
            found.setdefault((event.index, event.attempt), event)
    return found


def _ends_soon(run: RunFacts, history: list[Said], within: float) -> Iterator[Violation]:
    end = next((event for event in history if event.wire == RUN_CHANGED and event.status in FINAL), None)
    ends = [event for event in history if event.wire == OPERATION_CHANGED and event.status in FINAL]
    if end is not None and ends and end.at > ends[-1].at + within:
        text = f"it ended {end.at - ends[-1].at:.0f} s after the last of its operations"
        yield Violation("I5", run.run, "", [ends[-1].place, end.place], text)


def nothing_left(facts: Facts) -> Iterator[Violation]:
    """I8: of a run that has ended its stub is left, which requests were answered, and nothing else."""
    for key, row in facts.rows.items():
        run, _, kind = key.partition("/")
        known = facts.runs.get(run)
        remembered = kind.startswith("answered/") and f"{run}/stub" in facts.rows
        if kind in _KEPT or remembered or known is None or not _ended(known):
            continue
        yield Violation("I8", run, "", [row.place], f"the run has ended, and its row {kind} is left")


def _ended(run: RunFacts) -> bool:
    return any(event.wire == RUN_CHANGED and event.status in FINAL for event in run.events)

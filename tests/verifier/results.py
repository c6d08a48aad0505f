"""I7, over all runs: of equal operations that use a cache one at a time is executed."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tests.verifier.facts import OPERATION_CHANGED, Facts, RunFacts
from tests.verifier.generations import generations
from tests.verifier.log import PodLife
from tests.verifier.violation import Violation

Executed = tuple[float, float, str, int]
"""From when to when a pod lived, of which run and operation."""


def one_at_a_time(facts: Facts, pods: Mapping[str, Sequence[PodLife]]) -> Iterator[Violation]:
    """I7: the pods of two equal operations do not live at the same time."""
    for lives in _by_result(facts, pods).values():
        lives.sort()
        latest: Executed | None = None
        for life in lives:
            created, ended, run, index = life
            if latest is not None and created < latest[1] and latest[2:] != (run, index):
                name = facts.of(run).name_of(index)
                text = f"it was executed while an equal one was, {facts.of(latest[2]).name_of(latest[3])!r}"
                yield Violation("I7", run, name, [], text)
            if latest is None or ended > latest[1]:
                latest = life


def _by_result(facts: Facts, pods: Mapping[str, Sequence[PodLife]]) -> Mapping[str, list[Executed]]:
    """Return the lives of pods by what the results of their operations are kept under."""
    found: dict[str, list[Executed]] = defaultdict(list)
    for run in facts.runs.values():
        # What a rerun does anew waits for nobody, and then names no result; once that run is resumed it does.
        for part, lives in generations(run, pods.get(run.run, ())):
            results = {
                event.index: str(event.data["cache"])
                for event in part.history
                if event.wire == OPERATION_CHANGED and event.data.get("cache")
            }
            hurried = _executed_without_waiting(part)
            for pod in lives:
                waits = pod.index in results and part.name_of(pod.index) not in hurried
                if waits and pod.ended is not None:
                    found[results[pod.index]].append((pod.created, pod.ended, run.run, pod.index))
    return found


def _executed_without_waiting(run: RunFacts) -> set[str]:
    """Return the operations of which somebody has said that they are not to wait for an equal one."""
    return {
        str(answer.data["operation"])
        for answer in run.answers
        if answer.data["kind"] == "approve" and answer.data.get("reason") == "Executed"
    }

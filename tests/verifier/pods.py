"""I2: one pod an attempt; I6: no pod outlives its operation; I7: limits."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tests.verifier.facts import FINAL, OPERATION_CHANGED, RunFacts, Said
from tests.verifier.log import PodLife
from tests.verifier.operating import limits_set
from tests.verifier.violation import Strictness, Violation

_ACTIVE: Final = frozenset({"scheduled", "running", "processing", "stopping"})
"""Statuses that hold a slot of a scope's concurrency."""


def one_pod_an_attempt(run: RunFacts, pods: list[PodLife]) -> Iterator[Violation]:
    """I2: per operation and attempt at most one pod object ever existed."""
    for (index, attempt), count in Counter((pod.index, pod.attempt) for pod in pods).items():
        if count > 1:
            places = [one.place for one in run.commands if (one.index, one.attempt) == (index, attempt)]
            text = f"attempt {attempt} had {count} pods"
            yield Violation("I2", run.run, run.name_of(index), places, text)


def no_pod_without_operation(
    run: RunFacts, pods: list[PodLife], strict: Strictness, until: float
) -> Iterator[Violation]:
    """I6: when an operation has ended, or goes on with another attempt, its pod ends soon; then it is released."""
    over = _over(run)
    for pod in pods:
        name = run.name_of(pod.index)
        if not name:
            yield Violation(
                "I6", run.run, "", [], f"there is a pod of operation {pod.index}, which is in no plan"
            )
            continue
        end = over.get((pod.index, pod.attempt))
        if end is not None and (pod.gone or until) > end.at + strict.settle:
            late = (pod.gone or until) - end.at
            text = f"the pod of attempt {pod.attempt} lived for {late:.0f} s after the attempt was over"
            yield Violation("I6", run.run, name, [end.place], text)
        elif strict.complete and pod.deleted is None:
            places = [end.place] if end else []
            yield Violation(
                "I6", run.run, name, places, f"the pod of attempt {pod.attempt} was never released"
            )


def _over(run: RunFacts) -> Mapping[tuple[int, int], Said]:
    """Return by operation and attempt what says that no pod of it is wanted any more."""
    over: dict[tuple[int, int], Said] = {}
    for event in run.history:
        if event.wire != OPERATION_CHANGED:
            continue
        if event.status in FINAL:
            for attempt in range(event.attempt + 1):
                over.setdefault((event.index, attempt), event)
        elif event.attempt and event.status == "scheduled":
            over.setdefault((event.index, event.attempt - 1), event)
    return over


def limits_kept(run: RunFacts, pods: list[PodLife]) -> Iterator[Violation]:
    """I7: no operation of a scope starts while as many are active as its limit allows at that moment."""
    plan = run.plan
    changes = list(limits_set(run))
    for number, scope in plan.scopes.items():
        limits = [(-1, scope.get("concurrency"))]
        limits += [(offset, limit) for offset, name, limit in changes if name == scope.get("name", "")]
        if all(limit is None for _, limit in limits):
            continue
        members = {index for index, one in plan.operations.items() if one.get("scope", 0) == number}
        # A service gives its slot back once it is up.
        members = {index for index in members if not plan.is_service(index)}
        yield from _events_in_limit(run, members, _Limits(limits, holds=_holds(run, members)))
        if (most := _most(limits)) is not None:
            lives = [pod for pod in pods if pod.index in members and pod.ended is not None]
            yield from _pods_in_limit(run, lives, most)


@dataclass(frozen=True)
class _Limits:
    """The limit of a scope, which users change."""

    limits: list[tuple[int, int | None]]
    """From which offset on it holds, in order."""
    holds: bool
    """Whether operations may hold a slot for long before they are launched: a lower limit leaves it to them."""

    def at(self, offset: int) -> int | None:
        """Return how many may be active when one is launched."""
        so_far = [one for one in self.limits if one[0] < offset]
        return _most(so_far) if self.holds else so_far[-1][1]


def _most(limits: list[tuple[int, int | None]]) -> int | None:
    known = [limit for _, limit in limits if limit is not None]
    return max(known) if len(known) == len(limits) else None


def _holds(run: RunFacts, members: set[int]) -> bool:
    return any(run.plan.operations[index].get("queue") for index in members)


def _events_in_limit(run: RunFacts, members: set[int], limits: _Limits) -> Iterator[Violation]:
    active: set[int] = set()
    for event in run.history:
        if event.wire != OPERATION_CHANGED or event.index not in members or _opens(run, event.index):
            continue
        if event.status in FINAL or event.status == "retrying":  # which waits without a slot
            active.discard(event.index)
        elif event.status in _ACTIVE and event.index not in active:
            active.add(event.index)
            limit = limits.at(event.place.offset)
            if limit is not None and len(active) > limit:
                text = f"{len(active)} operations are active; the limit is {limit}"
                yield Violation("I7", run.run, str(event.data["operation"]), [event.place], text)
                return


def _opens(run: RunFacts, index: int) -> bool:
    return run.plan.operations[index].get("opens") is not None


def _pods_in_limit(run: RunFacts, pods: list[PodLife], limit: int) -> Iterator[Violation]:
    # Pods that end before the next begins, at the same moment, are not at work together.
    moments = sorted(
        [(pod.created, 1, pod.index) for pod in pods]
        + [(pod.ended, -1, pod.index) for pod in pods if pod.ended is not None]
    )
    live = 0
    for _, change, index in moments:
        live += change
        if live > limit:
            text = f"{live} pods live at once; the limit is {limit}"
            yield Violation("I7", run.run, run.name_of(index), [], text)
            return

"""I3: nothing starts before its upstreams allow; I4: statuses go forward; I10: a run's events are in order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.verifier.facts import BAD, FINAL, GOOD, OPERATION_CHANGED, RUN_CHANGED, RunFacts, Said
from tests.verifier.log import PodLife
from tests.verifier.operating import followed
from tests.verifier.violation import Strictness, Violation

_RANK: Final = {
    "created": 0,
    "queued": 2,
    "scheduled": 3,
    "running": 4,
    "processing": 5,
    "retrying": 6,
    "stopping": 7,
}
"""How far a status is within one attempt; one that is not named here may stand anywhere before the end."""
_CHANGED_BY: Final = {"Paused": "unpause", "ConcurrencyLimit": "limit"}
"""What may come between two times that an operation is said to wait for one reason."""


def starts_allowed(run: RunFacts) -> Iterator[Violation]:
    """I3, by the run's own events: when an operation starts, its trigger is met and its scope is open."""
    ended: dict[int, str] = {}
    come: dict[int, set[str]] = {}
    started: set[int] = set()
    for event in run.history:
        if event.wire != OPERATION_CHANGED:
            continue
        if event.status == "running" and run.plan.is_service(event.index):
            # What waits for a service goes on from when it is up, whatever becomes of it later.
            ended.setdefault(event.index, "succeeded")
        come.setdefault(event.index, set()).update(_come(run, event))
        if event.status in {"scheduled", "running"} and event.index not in started:
            started.add(event.index)
            if why := _too_early(run, event.index, Standing(ended, come, started)):
                yield Violation("I3", run.run, str(event.data["operation"]), [event.place], why)
        if event.status in FINAL:
            ended.setdefault(event.index, event.status)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the operations of a run stand: their ends, the events that have happened to them, who has begun."""

    ended: Mapping[int, str]
    come: Mapping[int, set[str]]
    started: set[int]


_WAY: Final = ("queued", "scheduled", "running", "processing", "succeeded")


def _come(run: RunFacts, event: Said) -> set[str]:
    """Return the events that a status tells of: who has come to one has come to those before it on the way."""
    service, status = run.plan.is_service(event.index), event.status
    if status in {"succeeded", "skipped"} or (service and status == "running"):
        return {*_WAY, "done", status}
    if status in _WAY:
        return set(_WAY[: _WAY.index(status) + 1])
    ran = {*_WAY[:3]} if event.data.get("exit_code") is not None and not service else set()
    before = set(_WAY[:2]) if status == "retrying" else set()
    return {status, *ran, *before, *(("done",) if status in FINAL else ())}


def _as_ends(run: RunFacts, index: int, standing: Standing, trigger: str) -> Iterator[str]:
    """Yield the ends that events count as: what the trigger asks for, or nothing where they cannot happen."""
    for upstream, events in run.plan.awaited.get(index, ()):
        if events & standing.come.get(upstream, set()):
            yield "failed" if trigger.endswith("failed") else "succeeded"
        else:
            yield "stopped" if upstream in standing.ended else ""


def _too_early(run: RunFacts, index: int, standing: Standing) -> str:
    plan = run.plan
    planned = plan.operations.get(index)
    if planned is None:
        return "it is in no plan"
    owner = plan.scopes.get(planned.get("scope", 0), {}).get("owner")
    if owner is not None and (owner not in standing.started or owner in standing.ended):
        return "it started while its DAG was not open"
    trigger = planned.get("trigger", "all_succeeded")
    statuses = [standing.ended.get(upstream, "") for upstream in plan.upstreams.get(index, ())]
    statuses += _as_ends(run, index, standing, trigger)
    if statuses and not allows(trigger, statuses):
        return (
            f"it started with trigger {trigger} and upstreams {', '.join(one or 'open' for one in statuses)}"
        )
    return ""


def allows(trigger: str, statuses: Sequence[str]) -> bool:
    """Tell whether a trigger may be met by upstreams (>= 1) that stand so; "" is one that has not ended."""
    kind, wanted = trigger.split("_")
    matching = {"succeeded": GOOD, "failed": BAD, "done": FINAL}[wanted]
    matches = [status in matching for status in statuses]
    return all(matches) if kind == "all" else any(matches)


def pods_in_order(run: RunFacts, pods: list[PodLife]) -> Iterator[Violation]:
    """I3, by the cluster's own log: no pod begins before those upstream pods end that it had to wait for."""
    first = {pod.index: pod for pod in sorted(pods, key=lambda pod: -pod.attempt)}
    last: dict[int, float] = {}
    for pod in pods:
        if pod.ended is not None:
            last[pod.index] = max(last.get(pod.index, 0.0), pod.ended)
    for index, upstreams in run.plan.upstreams.items():
        ends = [last[upstream] for upstream in upstreams if upstream in last]
        if index not in first or len(ends) < len(upstreams) or any(map(run.plan.is_service, upstreams)):
            continue
        every = run.plan.operations[index].get("trigger", "").startswith("all")
        if index in run.plan.awaited and not every:
            continue  # an event may be enough
        needed = max(ends) if every else min(ends)
        if first[index].created < needed:
            text = f"its pod began {needed - first[index].created:.3f} s before those upstream had ended"
            yield Violation("I3", run.run, run.name_of(index), [], text)


def statuses_forward(run: RunFacts) -> Iterator[Violation]:
    """I4: statuses move forward only, and nothing follows the end."""
    latest: dict[int | None, Said] = {}
    changes = {
        reason: [one.place.offset for one in run.moments if followed(one, kind)]
        for reason, kind in _CHANGED_BY.items()
    }
    for event in run.history:
        if event.wire not in {RUN_CHANGED, OPERATION_CHANGED}:
            continue
        subject = event.index if event.wire == OPERATION_CHANGED else None
        before = latest.get(subject)
        if before is not None and (why := _backward(before, event, changes)):
            name = str(event.data.get("operation", ""))
            yield Violation("I4", run.run, name, [before.place, event.place], why)
        latest[subject] = event


def _backward(before: Said, after: Said, changes: Mapping[str, Sequence[int]]) -> str:
    if before.status in FINAL:
        return f"{after.status} was said after {before.status}, which is final"
    if after.attempt != before.attempt:
        if after.attempt == before.attempt + 1 and before.status == "retrying":
            return ""
        return f"attempt {after.attempt} followed attempt {before.attempt}, which was {before.status}"
    if before.status == after.status and _waits_anew(before, after, changes):
        return ""
    ranks = _RANK.get(before.status), _RANK.get(after.status)
    if None not in ranks and ranks[0] >= ranks[1]:  # type: ignore[operator]
        return f"{after.status} was said after {before.status}"
    return ""


def _waits_anew(before: Said, after: Said, changes: Mapping[str, Sequence[int]]) -> bool:
    """Tell whether it waits for something else by now, or for the same again.

    A run may go on and be paused once more, a limit be raised and lowered.
    """
    reasons = before.data.get("reason"), after.data.get("reason")
    offsets = changes.get(str(reasons[1]), ())
    return reasons[0] != reasons[1] or any(
        before.place.offset < offset < after.place.offset for offset in offsets
    )


def one_end_each(run: RunFacts, strict: Strictness) -> Iterator[Violation]:
    """I4: when a run has ended, each of its operations has ended; and the events count as many as the plan."""
    history = run.history
    end = next((event for event in history if event.wire == RUN_CHANGED and event.status in FINAL), None)
    if end is None or not strict.complete:
        return
    ended = {event.index for event in history if event.wire == OPERATION_CHANGED and event.status in FINAL}
    for index, planned in run.plan.operations.items():
        if index not in ended:
            text = "the run has ended, and it has not"
            yield Violation("I4", run.run, str(planned["name"]), [end.place], text)
    if end.data.get("operations") != len(run.plan.operations):
        text = f"the run counts {end.data.get('operations')} operations, its plan {len(run.plan.operations)}"
        yield Violation("I4", run.run, "", [end.place], text)


def events_in_order(run: RunFacts) -> Iterator[Violation]:
    """I10: sequences count from 1 without gaps, as a subscriber first reads them; repetitions are the same."""
    seen: dict[int, Said] = {}
    for event in run.events:
        sequence = event.data["sequence"]
        if sequence in seen:
            if event.data != seen[sequence].data:
                places = [seen[sequence].place, event.place]
                yield Violation("I10", run.run, "", places, f"two events have the sequence {sequence}")
        elif sequence != len(seen) + 1:
            text = f"sequence {sequence} was said where {len(seen) + 1} was due"
            yield Violation("I10", run.run, "", [event.place], text)
            return
        seen.setdefault(sequence, event)

"""I7: runs take turns under the limits of the installation, and none floods the cluster with launches."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tests.verifier.facts import FINAL, LAUNCH, OPERATION_CHANGED, Facts, RunFacts, Said, seconds
from tests.verifier.violation import Violation

UNSEEN: Final = 500
"""Launches of one run that the cluster has not answered, at most."""


@dataclass(frozen=True)
class _Wait:
    """A question that had to wait for a slot: from when to when, by the times of decisions."""

    run: str
    name: str
    told: str
    granted: str
    logged: float
    """When the grant was logged."""


def turns_taken(facts: Facts) -> Iterator[Violation]:
    """I7: while a run waits in a queue, no other run is given two slots of it.

    Each admission service that took over meanwhile may have lost whose turn it was: then it is one more.
    """
    waits: dict[str, list[_Wait]] = defaultdict(list)
    grants: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for run in facts.runs.values():
        told, granted = _answers(run, granted=False), _answers(run, granted=True)
        for question, grant in granted.items():
            queue = str(grant.data["queue"])
            grants[queue].append((grant.time, run.run))
            if question in told:
                name = str(grant.data["operation"])
                waits[queue].append(_Wait(run.run, name, told[question].time, grant.time, grant.at))
    for queue, waiting in waits.items():
        for wait in waiting:
            if served := _overtaken(wait, grants[queue], facts.admissions):
                text = f"it waited in queue {queue} while another run was given {served} slots"
                yield Violation("I7", wait.run, wait.name, [], text)


def _answers(run: RunFacts, *, granted: bool) -> dict[tuple[int, int, int], Said]:
    """Return the first answers of a kind, by operation, attempt and question."""
    found: dict[tuple[int, int, int], Said] = {}
    for one in run.slots:
        if bool(one.data["granted"]) is granted:
            found.setdefault((one.index, one.attempt, one.data.get("question", 0)), one)
    return found


def _overtaken(wait: _Wait, grants: Sequence[tuple[str, str]], admissions: Sequence[float]) -> int:
    """Return how many slots another run was given while it was this one's turn; 0 where that is fair."""
    own = max([wait.told, *(at for at, run in grants if run == wait.run and at < wait.granted)])
    others: dict[str, int] = defaultdict(int)
    for at, run in grants:
        if run != wait.run and own < at < wait.granted:
            others[run] += 1
    most = max(others.values(), default=0)
    new = sum(seconds(own) < at < wait.logged for at in admissions)
    return most if most > 1 + new else 0


def launches_bounded(run: RunFacts) -> Iterator[Violation]:
    """I7: of one run at most so many launches wait for an answer of the cluster."""
    if len(run.plan.operations) <= UNSEEN:
        return
    first: dict[tuple[int, int], float] = {}
    answered: dict[tuple[int, int], float] = {}
    for command in run.commands:
        if command.wire == LAUNCH:
            first.setdefault((command.index, command.attempt), command.at)
    over = [
        one for one in run.history if one.wire == OPERATION_CHANGED and one.status in FINAL | {"retrying"}
    ]
    for said in (*run.reports, *over):
        attempt = (said.index, said.attempt)
        answered[attempt] = min(said.at, answered.get(attempt, said.at))
    moments = [(at, 1) for at in first.values()] + [(at, -1) for one, at in answered.items() if one in first]
    waiting = 0
    for _, change in sorted(moments):
        waiting += change
        if waiting > UNSEEN:
            text = f"{waiting} of its launches wait for an answer; the limit is {UNSEEN}"
            yield Violation("I7", run.run, "", [], text)
            return

"""I3: what an operation has collected of a matrix or a DAG is what had become of it; and of others, what has ended."""

from collections.abc import Iterator, Mapping
from typing import Any

from polyflow_topics.names import operation_id
from tests.verifier.facts import OPERATION_CHANGED, Facts, RunFacts, Said
from tests.verifier.violation import Violation


def found_rightly(facts: Facts, run: RunFacts) -> Iterator[Violation]:
    """I3: each attempt has the same answers, and they are true."""
    asking = {index: one for index, one in run.plan.operations.items() if one.get("questions")}
    first: dict[int, Mapping[str, Any]] = {}
    for event in run.history if asking else ():
        params = event.data.get("params")
        if event.wire != OPERATION_CHANGED or event.index not in asking or params is None:
            continue
        if event.data.get("reason") == "Kept":
            continue  # what it had found was judged in the run that it comes from
        if first.setdefault(event.index, params) != params:
            yield _wrong(run, event, "another attempt of it has other params")
        for text in _untrue(facts, run, event, asking[event.index]):
            yield _wrong(run, event, text)


def _untrue(facts: Facts, run: RunFacts, event: Said, planned: Mapping[str, Any]) -> Iterator[str]:
    params = event.data["params"]
    for name, entry, within in _found(planned):
        if entry == "globals.status" and within:
            asked = [one.place.offset for one in run.questions if one.index == event.index]
            # Whoever answers has read what was said before, and perhaps more.
            later = [one.place.offset for one in run.history if min(asked) < one.place.offset]
            if not any(sorted(params[name]) == _stood(run, within, at) for at in (*asked, *later)):
                yield f"it found {params[name]}, which is not how {within} stood"
        if entry == "globals.uuid" and not within and set(params[name]) - _succeeded(facts, event.at):
            yield "it found some that had not succeeded"


def _found(planned: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield params that are made of answers: name, what is read, and in which DAG or matrix."""
    for param in planned.get("params", ()):
        for found in param.get("found", ()):
            question = planned["questions"][found["question"]]
            yield param["name"], question["entries"][found["entry"]], question.get("within", "")


def _stood(run: RunFacts, within: str, before: int) -> list[str]:
    """Return how the operations of a DAG or matrix stood when a question was asked, those that ran left out."""
    number = next(number for number, scope in run.plan.scopes.items() if scope["name"] == within)
    members = {index for index, one in run.plan.operations.items() if one.get("scope", 0) == number}
    latest = dict.fromkeys(members, "created")
    for event in run.history:
        if event.wire == OPERATION_CHANGED and event.index in members and event.place.offset < before:
            latest[event.index] = event.status
    return sorted(status for status in latest.values() if status != "running")


def _succeeded(facts: Facts, at: float) -> set[str]:
    """Return the ids of runs and operations that had succeeded by a moment."""
    found: set[str] = set()
    for run in facts.runs.values():
        for event in run.history:
            if event.status == "succeeded" and event.at <= at:
                of_operation = event.wire == OPERATION_CHANGED
                name = event.data.get("operation", "")
                found.add(operation_id(run.run, name) if of_operation else run.run)  # type: ignore[arg-type]
    return found


def _wrong(run: RunFacts, event: Said, text: str) -> Violation:
    return Violation("I3", run.run, str(event.data["operation"]), [event.place], text)

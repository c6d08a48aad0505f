"""I9: outputs that were acknowledged to a pod are those that its operation has."""

from collections.abc import Iterator

from tests.verifier.facts import OPERATION_CHANGED, RunFacts
from tests.verifier.violation import Violation


def outputs_kept(run: RunFacts) -> Iterator[Violation]:
    """I9: an operation that has succeeded has the outputs that it stated last, if it stated any."""
    stated = {(one.index, one.attempt, one.data["number"]): one for one in run.statements}
    awaited = {
        (one.index, one.attempt): int(one.data.get("awaited", 0))
        for one in run.reports
        if one.status == "succeeded"
    }
    for event in run.history:
        number = awaited.get((event.index, event.attempt), 0)
        if event.wire != OPERATION_CHANGED or event.status != "succeeded" or not number:
            continue
        last = stated.get((event.index, event.attempt, number))
        if last is None or event.data.get("outputs") != last.data["outputs"]:
            places = [event.place] if last is None else [event.place, last.place]
            text = f"its outputs are not those of statement {number}, its last"
            yield Violation("I9", run.run, str(event.data["operation"]), places, text)

"""I9: each end that a hook is for is followed by one run, and nothing else is."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from polyflow_topics.names import run_id
from tests.verifier.facts import FINAL, HOOKED, OPERATION_CHANGED, RUN_CHANGED, Facts, RunFacts, Said
from tests.verifier.lineage import KEPT
from tests.verifier.violation import Violation

_PLANNER: Final = "/polyflow/planner"
_OF_THE_RUN: Final = -1


def hooks_followed(facts: Facts, run: RunFacts) -> Iterator[Violation]:
    """I9: a hook is requested once for the end that it is for, and for no other; and that is told."""
    if not run.plan.hooks:
        return
    ends = _ends(run)
    told = {str(one.data["hook"]) for one in run.history if one.wire == HOOKED}
    generation = int(run.first.data.get("generation", 0)) if run.first else 0
    for (owner, place), hook in run.plan.hooks.items():
        end = ends.get(owner)
        operation = run.name_of(owner) or "-"
        followed = run_id(_PLANNER, f"{run.run}/{generation}/hook/{operation}/{place}")
        requests = facts.runs[followed].requests if followed in facts.runs else []
        kept = bool(run.plan.operations.get(owner, {}).get("kept"))
        wanted = end is not None and not kept and _is_for(hook, end)
        if why := _wrong(wanted, bool(hook.get("condition")), len({one.value for one in requests})):
            places = [end.place] if end else []
            yield Violation("I9", run.run, run.name_of(owner), places, why)
        if (followed in told) is not bool(requests):
            text = "a hook was requested and not told, or told and not requested"
            yield Violation("I9", run.run, run.name_of(owner), [], text)


def _ends(run: RunFacts) -> Mapping[int, Said]:
    found: dict[int, Said] = {}
    for event in run.history:
        if event.status in FINAL and event.wire in {RUN_CHANGED, OPERATION_CHANGED}:
            found[event.index if event.wire == OPERATION_CHANGED else _OF_THE_RUN] = event
    return found


def _is_for(hook: Mapping[str, Any], end: Said) -> bool:
    return hook.get("trigger") in (None, end.status) and end.data.get("reason") != KEPT


def _wrong(wanted: bool, conditional: bool, requested: int) -> str:
    if requested > 1:
        return f"its hook was requested in {requested} ways"
    if requested and not wanted:
        return "its hook was requested, and is not for this end"
    if wanted and not conditional and not requested:
        return "its hook was not requested"
    return ""

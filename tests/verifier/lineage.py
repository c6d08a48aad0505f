"""Runs from runs: what is kept has ended so before, does not run, and has nothing before it that does."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from tests.verifier.facts import FINAL, OPERATION_CHANGED, Facts, RunFacts, Said, origin_of
from tests.verifier.generations import generations
from tests.verifier.violation import Violation

KEPT = "Kept"
"""The reason of what has ended in an earlier run."""


def kept_rightly(facts: Facts, run: RunFacts) -> Iterator[Violation]:
    """I9: what a generation of a run keeps is what the earlier run has come to; I11: it is not executed again."""
    began = run.first
    if began is None or not began.data.get("origin"):
        return
    origin = began.data["origin"]
    yield from _in_turn(run, began)
    planned = {index for index, one in run.plan.operations.items() if one.get("kept") is not None}
    for event in run.history:
        if event.wire == OPERATION_CHANGED and event.index in planned and event.status == "scheduled":
            text = "it was to be kept, and was launched"
            yield Violation("I11", run.run, str(event.data["operation"]), [event.place], text)
    kept = [one for one in run.history if one.wire == OPERATION_CHANGED and one.data.get("reason") == KEPT]
    if not kept:
        return
    ends = _ends(facts, origin)
    for event in kept:
        if why := _wrong(event, ends):
            yield Violation("I9", run.run, str(event.data["operation"]), [event.place], why)
    yield from _upstreams_kept(run, planned)


def _in_turn(run: RunFacts, began: Said) -> Iterator[Violation]:
    """I4: a run goes on from where the request saw it."""
    generation = int(began.data.get("generation", 0))
    for request in run.resumptions:
        if sha256(request.value or b"").hexdigest() != began.data["specification"]:
            continue
        seen = int(origin_of(request).get("generation", 0))
        if generation != seen + 1:
            text = f"generation {generation} goes on from generation {seen}"
            yield Violation("I4", run.run, "", [request.place, began.place], text)


def _ends(facts: Facts, origin: Mapping[str, Any]) -> Mapping[str, Said]:
    """Return by name how the operations of the earlier run have ended, of the generation that is meant."""
    for earlier, _ in generations(facts.of(str(origin["run"])), ()):
        if earlier.first and int(earlier.first.data.get("generation", 0)) == int(origin.get("generation", 0)):
            changes = [one for one in earlier.history if one.wire == OPERATION_CHANGED]
            return {str(one.data["operation"]): one for one in changes if one.status in FINAL}
    return {}


def _wrong(event: Said, ends: Mapping[str, Said]) -> str:
    before = ends.get(str(event.data["operation"]))
    if before is None:
        return "it is kept, and had not ended in the earlier run"
    if before.status != event.status:
        return f"it is kept as {event.status}, and was {before.status}"
    if (before.data.get("outputs") or {}) != (event.data.get("outputs") or {}):
        return "it is kept with other outputs than it had"
    return ""


def _upstreams_kept(run: RunFacts, kept: set[int]) -> Iterator[Violation]:
    """I3: what is kept saw what it would see again."""
    plan = run.plan
    names = {index: str(one["name"]) for index, one in plan.operations.items()}
    for index in kept:
        awaited = {upstream for upstream, _ in plan.awaited.get(index, ())}
        for upstream in ({*plan.upstreams.get(index, ())} | awaited) - kept:
            inside = [one for one, name in names.items() if name.startswith(f"{names[upstream]}.")]
            for one in [upstream, *inside]:
                opens = plan.operations[one].get("opens") is not None
                if not _is_kept(names, one, kept) and not opens and not plan.is_service(one):
                    text = f"it is kept, and {names[one]} before it runs anew"
                    yield Violation("I3", run.run, names[index], [], text)


def _is_kept(names: Mapping[int, str], index: int, kept: set[int]) -> bool:
    """Tell whether an operation is kept, or what it is in: a matrix that was skipped has trials that never began."""
    return index in kept or any(names[index].startswith(f"{names[one]}.") for one in kept)


def asked_as_it_was(facts: Facts, run: RunFacts) -> Iterator[Violation]:
    """I10: what a user reads of a run, and wants to be kept, is what its events say."""
    for request in (*run.requests, *run.resumptions):
        origin = origin_of(request)
        if not origin.get("kept"):
            continue
        ends = _ends(facts, origin)
        for one in origin["kept"]:
            before = ends.get(str(one["name"]))
            if before is None or before.status != one.get("status", "succeeded"):
                text = f"the history says that {one['name']} is {one.get('status', 'succeeded')}, its events do not"
                yield Violation("I10", run.run, str(one["name"]), [request.place], text)

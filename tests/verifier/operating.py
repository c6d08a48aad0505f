"""I9: what users ask of a run reaches the planner, is answered, and holds: pauses, approvals, skips, stops."""

from collections.abc import Iterator, Mapping

from tests.verifier.facts import ANSWERED, FINAL, OPERATION_CHANGED, RUN_CHANGED, RunFacts, Said, seconds
from tests.verifier.violation import Violation

_STARTED = frozenset({"scheduled", "running"})


def answered(run: RunFacts) -> Iterator[Violation]:
    """I9: each request about a run reaches the planner and is answered."""
    heard = {_asked(one, "stop") for one in run.stops} | {_asked(one) for one in run.operating}
    for wish in run.wishes:
        kind = wish.wire.split(".")[-2]
        if (kind, wish.data.get("request") or None) not in heard and not _without_id(wish, kind, heard):
            yield _about(run, wish, f"a request to {kind} never reached the planner")
    told = {(one.data["kind"], one.data["request"]) for one in run.answers}
    for one in (*run.stops, *run.operating):
        kind = str(one.data.get("kind", "stop"))
        if one.data.get("request") and (kind, one.data["request"]) not in told:
            yield _about(run, one, f"a request to {kind} was never answered")


def _asked(one: Said, kind: str = "") -> tuple[str, str | None]:
    return kind or str(one.data["kind"]), one.data.get("request") or None


def _without_id(wish: Said, kind: str, heard: set[tuple[str, str | None]]) -> bool:
    """Tell whether a request without an id of its own was heard under that of its event."""
    return not wish.data.get("request") and any(one == kind for one, _ in heard)


def pauses_kept(run: RunFacts) -> Iterator[Violation]:
    """I9: nothing of a paused run is launched."""
    pause: Said | None = None
    launched: set[tuple[int, int]] = set()
    for one in run.moments:
        if followed(one, "pause"):
            pause = one
        elif followed(one, "unpause"):
            pause = None
        elif one.wire == OPERATION_CHANGED and one.status == "scheduled":
            attempt = (one.index, one.attempt)
            if pause is not None and attempt not in launched:
                yield _about(run, one, "it was launched while its run was paused", pause)
            launched.add(attempt)


def approvals_awaited(run: RunFacts) -> Iterator[Violation]:
    """I3: what waits for an approval starts after it."""
    approved: dict[str, float] = {}
    for one in run.moments:
        if followed(one, "approve"):
            approved.setdefault(str(one.data.get("operation", "")), seconds(one.data["at"]))
    of_run = run.accepted is not None and bool(run.accepted.data.get("approval"))
    for event in run.history:
        if event.wire != OPERATION_CHANGED or event.status not in _STARTED:
            continue
        needed = [""] if of_run else []
        if run.plan.operations.get(event.index, {}).get("approval"):
            needed.append(str(event.data["operation"]))
        for name in needed:
            if approved.get(name, float("inf")) > seconds(event.data["at"]):
                text = f"it started before {'it' if name else 'its run'} was approved"
                yield Violation("I3", run.run, str(event.data["operation"]), [event.place], text)
                return


def ends_as_asked(run: RunFacts) -> Iterator[Violation]:
    """I9: what was skipped ends so; what was stopped or skipped is not launched any more."""
    ends = {_subject(one): one for one in reversed(run.history) if one.status in FINAL}
    launched = _launched(run)
    for answer in run.moments:
        name = str(answer.data.get("operation", ""))
        if followed(answer, "skip"):
            end = ends.get(name)
            if end is not None and end.status != "skipped":
                yield _about(run, answer, f"to skip it was accepted, and it ended {end.status}", end)
        if followed(answer, "skip") or followed(answer, "stop"):
            for other, launch in launched.items():
                inside = not name or other == name or other.startswith(f"{name}.")
                if inside and seconds(launch.data["at"]) > seconds(answer.data["at"]):
                    yield _about(
                        run, launch, f"it was launched after a request to {answer.data['kind']} it", answer
                    )


def _subject(one: Said) -> str | None:
    if one.wire == RUN_CHANGED:
        return ""
    return str(one.data["operation"]) if one.wire == OPERATION_CHANGED else None


def _launched(run: RunFacts) -> Mapping[str, Said]:
    """Return by operation the first word of its last attempt."""
    found: dict[str, Said] = {}
    for event in run.history:
        if event.wire == OPERATION_CHANGED and event.status == "scheduled":
            before = found.get(str(event.data["operation"]))
            if before is None or before.attempt != event.attempt:
                found[str(event.data["operation"])] = event
    return found


def followed(one: Said, kind: str) -> bool:
    """Tell whether this says that a request was carried out."""
    return (
        one.wire == ANSWERED
        and one.data["kind"] == kind
        and bool(one.data["accepted"])
        and one.data.get("reason") != "Kept"
    )


def _about(run: RunFacts, said: Said, text: str, *others: Said) -> Violation:
    places = [said.place, *(other.place for other in others)]
    return Violation("I9", run.run, str(said.data.get("operation", "")), places, text)


def limits_set(run: RunFacts) -> Iterator[tuple[int, str, int | None]]:
    """Yield each change of a limit that was carried out: the offset of its answer, scope and limit."""
    wanted = {one.data["request"]: one for one in run.operating if one.data["kind"] == "limit"}
    for one in run.moments:
        if followed(one, "limit") and one.data["request"] in wanted:
            asked = wanted[one.data["request"]].data
            yield one.place.offset, str(asked.get("operation", "")), asked.get("concurrency")

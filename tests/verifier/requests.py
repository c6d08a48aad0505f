"""I1: every accepted request ends in exactly one run; I9: no input vanishes."""

from collections.abc import Iterator
from hashlib import sha256

from polyflow_shared.errors import UnforeseenError
from polyflow_topics import catalog
from tests.verifier.facts import FINAL, LAUNCH, RUN_CHANGED, Facts, RunFacts, Said, seconds
from tests.verifier.log import PodLife
from tests.verifier.violation import Strictness, Violation

_TAKEN_IN = {catalog.PIPELINE_REQUESTS.name, catalog.RUN_INBOX.name}
_ENDS = {"succeeded", "failed", "stopped", "lost"}


def one_run_each(run: RunFacts, strict: Strictness) -> Iterator[Violation]:
    """I1: a request has one run or one rejection, and a run has a request and an end."""
    history = run.history
    statuses = [event for event in history if event.wire == RUN_CHANGED]
    created = [event for event in statuses if event.status == "created" and not event.data.get("pending")]
    asked = [request.place for request in run.requests]
    if history and not run.requests:
        yield Violation("I1", run.run, "", [history[0].place], "it runs, and nobody has requested it")
    if len(created) > len({event.data.get("generation", 0) for event in created}):
        yield Violation("I1", run.run, "", [one.place for one in created], "it was created more than once")
    if not strict.complete or not (run.requests or run.resumptions):
        return
    if run.requests and not created and not run.rejections:
        yield Violation("I1", run.run, "", asked, "the request was neither accepted nor rejected")
    yield from _others_refused(run)


def has_an_end(run: RunFacts, strict: Strictness) -> Iterator[Violation]:
    """I1: what was accepted, or goes on, ends."""
    statuses = [event for event in run.history if event.wire == RUN_CHANGED]
    if strict.complete and statuses and not any(event.status in FINAL for event in statuses):
        yield Violation("I1", run.run, "", [statuses[0].place], "it was accepted and has no end")


def _others_refused(run: RunFacts) -> Iterator[Violation]:
    accepted = {event.data.get("specification") for event in run.events if event.wire == RUN_CHANGED}
    refused = {one.data.get("specification") for one in run.rejections}
    for begun in run.begun:
        if begun.data["specification"] not in accepted | refused:
            text = "another request under the same id was neither run nor refused"
            yield Violation("I1", run.run, "", [begun.place], text)
    for request in run.resumptions:
        if sha256(request.value or b"").hexdigest() not in accepted | refused:
            text = "a request to resume it was neither carried out nor refused"
            yield Violation("I1", run.run, "", [request.place], text)


def nothing_unreadable_vanishes(facts: Facts) -> Iterator[Violation]:
    """I9: what cannot be read is on the dead-letter topic; and every letter is about a record that there is."""
    kept = {(one.data["topic"], one.data["partition"], one.data["offset"]) for one in facts.letters}
    for message in facts.unreadable:
        if message.topic in _TAKEN_IN and tuple(message.place) not in kept:
            text = "a record that cannot be read is neither handled nor set aside"
            yield Violation("I9", message.key, "", [message.place], text)


def nothing_unforeseen(facts: Facts) -> Iterator[Violation]:
    """I9: no record is set aside because code of ours failed on it, whatever became of its run."""
    for letter in facts.letters:
        if letter.data.get("reason") == UnforeseenError.reason:
            text = f"{letter.data['service']} failed on a record: {letter.data['message']}"
            yield Violation("I9", str(letter.data.get("record_key", "")), "", [letter.place], text)


def commands_answered(run: RunFacts, pods: list[PodLife]) -> Iterator[Violation]:
    """I9: a launch leads to a pod or an answer; what a pod came to is reported."""
    there = {(pod.index, pod.attempt) for pod in pods}
    answered = {(report.index, report.attempt) for report in run.reports}
    told = {(report.index, report.attempt) for report in run.reports if report.status in _ENDS}
    for command in _first_each(run.commands):
        attempt = (command.index, command.attempt)
        if command.wire == LAUNCH and attempt not in there | answered:
            yield _about(run, command, "a launch led to no pod and had no answer")
    for pod in pods:
        if pod.ended is not None and (pod.index, pod.attempt) not in told:
            text = f"the end of the pod of attempt {pod.attempt} was never reported"
            yield Violation("I9", run.run, run.name_of(pod.index), [], text)


def stops_heard(run: RunFacts) -> Iterator[Violation]:
    """I9: a stop starts nothing in its scope any more, and is how the run ends."""
    history = run.history
    launched = {(one.index, one.attempt): one for one in reversed(history) if one.status == "scheduled"}
    for stop in run.stops:
        scope = stop.data.get("scope", "")
        for event in launched.values():
            # An event is dated by the record that caused it, and that is of the same partition as the stop.
            inside = not scope or str(event.data.get("operation", "")).startswith(f"{scope}.")
            if inside and _decided(event) > stop.at:
                yield _about(run, event, "it was launched after its scope was stopped", stop)
                break
    yield from _ends_stopped(run, history)


def _is_skipped(run: RunFacts, stop: Said) -> bool:
    """Tell whether the run was being skipped as a whole when it was to be stopped: then it ends so."""
    whole = (one for one in run.operating if not one.data.get("operation"))
    return any(one.data["kind"] == "skip" and one.place.offset < stop.place.offset for one in whole)


def _ends_stopped(run: RunFacts, history: list[Said]) -> Iterator[Violation]:
    changes = [event for event in history if event.wire == RUN_CHANGED]
    end = next((event for event in changes if event.status in FINAL), None)
    stop = next((one for one in run.stops if not one.data.get("scope")), None)
    if end is None or stop is None or not _goes_on(run, history, stop.at) or _is_skipped(run, stop):
        return
    if not any(event.status in {"stopping", "stopped"} for event in changes):
        text = f"it was stopped, went on, and ended {end.status}"
        yield Violation("I9", run.run, "", [stop.place, end.place], text)


def _goes_on(run: RunFacts, history: list[Said], at: float) -> bool:
    """Tell whether an operation of the outermost DAG ended after a moment: before, how it ends was open.

    A service says nothing of it: it may be on its way to its end because everything else has ended.
    """
    plan = run.plan
    return any(
        event.status in FINAL
        and plan.operations.get(event.index, {}).get("scope") == 0
        and not plan.is_service(event.index)
        and _decided(event) > at
        for event in history
    )


def _decided(event: Said) -> float:
    return seconds(event.data["at"])


def _first_each(commands: list[Said]) -> list[Said]:
    return list({(one.wire, one.index, one.attempt): one for one in reversed(commands)}.values())


def _about(run: RunFacts, said: Said, text: str, *others: Said) -> Violation:
    places = [said.place, *(other.place for other in others)]
    return Violation("I9", run.run, str(said.data.get("operation", "")), places, text)

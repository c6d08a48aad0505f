"""For each promise a log that keeps it and logs that break it."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from polyflow_topics import catalog
from tests.verifier.log import LoggedMessage, PodLife
from tests.verifier.story import RUN, START, Story, good
from tests.verifier.verify import verify
from tests.verifier.violation import Strictness

STRICT = Strictness(hand_over=20.0)


def judged(story: Story, strict: Strictness = STRICT) -> list[tuple[str, str, str]]:
    return [(one.invariant, one.operation, one.text) for one in verify(story.messages, story.pods, strict)]


def never_planned() -> Story:
    story = Story()
    story.request()
    return story


def rejected() -> Story:
    story = never_planned()
    story.say(catalog.RUN_EVENTS.name, "polyflow.request.rejected.v1", run=RUN, specification="5bec")
    return story


def never_ended() -> Story:
    story = never_planned()
    story.plan()
    return story


def nobody_asked() -> Story:
    return good().without("polyflow.pipeline.request.v1")


def created_again() -> Story:
    story = good()
    story.run("created")
    return story


def another_body_unanswered() -> Story:
    story = good()
    story.begin("another")
    return story


def another_body_refused() -> Story:
    story = another_body_unanswered()
    story.say(catalog.RUN_EVENTS.name, "polyflow.request.rejected.v1", run=RUN, specification="another")
    return story


def a_pod_twice() -> Story:
    story = good()
    story.pods.append(story.pods[-1])
    return story


def begins_too_early(trigger: str = "all_succeeded", status: str = "failed") -> Story:
    story = Story()
    story.request()
    story.plan(trigger)
    story.operate("a", status)
    story.operate("b")
    story.run("succeeded")
    return story


def pods_overlap() -> Story:
    return good().change_pod(2, created=START + 5)


def said_after_the_end() -> Story:
    story = good()
    story.operation("b", "running")
    return story


def two_ends() -> Story:
    story = good()
    story.operation("b", "succeeded")
    return story


def run_ends_twice() -> Story:
    story = good()
    story.run("failed")
    return story


def goes_back() -> Story:
    story = Story()
    story.request()
    story.plan()
    story.launch("a")
    story.pod("a")
    story.operation("a", "running")
    story.operation("a", "scheduled")
    story.now = story.pods[-1].ended or 0.0
    story.report("a", "succeeded")
    story.operation("a", "succeeded")
    story.operate("b")
    story.run("succeeded")
    return story


def waits() -> Story:
    story = Story()
    story.request()
    story.plan()
    story.launch("a")
    story.operation("a", "scheduled", reason="Unschedulable")
    story.pod("a")
    story.now = story.pods[-1].ended or 0.0
    story.report("a", "succeeded")
    story.operation("a", "succeeded")
    story.operate("b")
    story.run("succeeded")
    return story


def attempt_out_of_turn() -> Story:
    story = Story()
    story.request()
    story.plan()
    story.launch("a")
    story.pod("a")
    story.report("a", "failed")
    story.operate("a", attempt=1)
    story.operate("b")
    story.run("succeeded")
    return story


def b_never_ends() -> Story:
    story = Story()
    story.request()
    story.plan()
    story.operate("a")
    story.run("succeeded")
    return story


def slow_hand_over() -> Story:
    story = Story()
    story.request()
    story.plan()
    story.launch("a")
    story.now += 60
    story.pod("a")
    story.report("a", "succeeded")
    story.operation("a", "succeeded")
    story.operate("b")
    story.run("succeeded")
    return story


def end_heard_late() -> Story:
    story = Story()
    story.request()
    story.plan()
    story.launch("a")
    story.pod("a")
    story.now += 60
    story.report("a", "succeeded")
    story.operation("a", "succeeded")
    story.operate("b")
    story.run("succeeded")
    return story


def run_ends_late() -> Story:
    story = Story()
    story.request()
    story.plan()
    story.operate("a")
    story.operate("b")
    story.now += 60
    story.run("succeeded")
    return story


def outlives() -> Story:
    return good().change_pod(2, ended=START + 500, deleted=START + 501)


def still_lives() -> Story:
    story = good().change_pod(2, ended=None, deleted=None)
    story.now += 300
    story.row("stub", b'["stub.v1"]')
    return story


def never_released() -> Story:
    return good().change_pod(1, deleted=None)


def pod_of_nobody() -> Story:
    story = good()
    story.pods.append(PodLife(RUN, 7, 0, START, START + 1, START + 2))
    return story


def limited(*, overlap: bool) -> Story:
    story = Story()
    story.request()
    story.plan(concurrency=1, upstream=False)
    if not overlap:
        story.operate("a")
        story.operate("b")
    else:
        story.launch("a")
        story.pod("a", lasts=8)
        story.launch("b")
        story.pod("b", lasts=5)
        for name in ("a", "b"):
            story.now += 5
            story.report(name, "succeeded")
            story.operation(name, "succeeded")
    story.run("succeeded")
    return story


def row_left() -> Story:
    story = good()
    story.row("operation/0", b"[]")
    return story


def stale_row_left() -> Story:
    story = good()
    story.row("operation/0", b"[]", epoch=9)
    return story


def unreadable(*, kept: bool) -> Story:
    story = good()
    message = LoggedMessage(catalog.RUN_INBOX.name, 0, 99, "x", {}, b"{", START)
    story.messages.append(message)
    if kept:
        about: dict[str, Any] = {"topic": message.topic, "partition": 0, "offset": 99}
        story.say(catalog.DEAD_LETTERS.name, "polyflow.dead-letter.v1", **about)
    return story


def launch_lost() -> Story:
    story = good()
    story.command("launch", "a", attempt=2)
    story.messages[-1] = msgspec.structs.replace(story.messages[-1], at=START)
    return story


def end_never_reported() -> Story:
    return good().without("polyflow.operation.reported.v1")


def stopped(*, heard: bool) -> Story:
    story = Story()
    story.request()
    story.plan()
    story.operate("a")
    story.stop()
    if heard:
        story.run("stopping")
        story.operation("b", "stopped")
        story.run("stopped")
    else:
        story.now += 1
        story.operate("b")
        story.run("succeeded")
    return story


def wish_lost() -> Story:
    story = good()
    story.say(catalog.PIPELINE_REQUESTS.name, "polyflow.pipeline.stop.v1", run=RUN)
    return story


def sequence_gap() -> Story:
    story = good()
    story.messages = [one for one in story.messages if b'"sequence":4,' not in (one.value or b"")]
    return story


def sequence_twice(*, same: bool) -> Story:
    story = good()
    story.sequence -= 1
    event = story.run("succeeded" if same else "failed")
    if same:
        first = next(
            one
            for one in story.messages
            if b'"status":"succeeded"' in (one.value or b"")
            and one.topic == event.topic
            and b'"run"' in (one.value or b"")
            and b"operations" in (one.value or b"")
        )
        story.messages[-1] = msgspec.structs.replace(event, value=first.value)
    return story


def too_many_attempts() -> Story:
    story = good()
    for attempt in range(2, 6):
        story.command("launch", "a", attempt)
        story.report("a", "absent", attempt)
    return story


KEPT: dict[str, Story] = {
    "a retry, then the next": good(),
    "a request is refused": rejected(),
    "another body under the same id is refused": another_body_refused(),
    "a trigger that wants failures": begins_too_early("all_failed"),
    "a trigger that wants ends": begins_too_early("all_done"),
    "an operation waits for a node": waits(),
    "one at a time": limited(overlap=False),
    "a row of a stale writer counts for nothing": stale_row_left(),
    "what cannot be read is set aside": unreadable(kept=True),
    "a stop ends it": stopped(heard=True),
    "an event is repeated": sequence_twice(same=True),
}

BROKEN: dict[str, tuple[str, Story, str]] = {
    "no answer": ("I1", never_planned(), "neither accepted nor rejected"),
    "no end": ("I1", never_ended(), "has no end"),
    "no request": ("I1", nobody_asked(), "nobody has requested it"),
    "created twice": ("I1", created_again(), "created more than once"),
    "another body without answer": ("I1", another_body_unanswered(), "neither run nor refused"),
    "two pods of an attempt": ("I2", a_pod_twice(), "attempt 0 had 2 pods"),
    "start after a failure": ("I3", begins_too_early(), "upstreams failed"),
    "start after a success that was not wanted": (
        "I3",
        begins_too_early("one_failed", "succeeded"),
        "upstreams succeeded",
    ),
    "a pod before its upstream's end": ("I3", pods_overlap(), "before those upstream had ended"),
    "a status after the end": ("I4", said_after_the_end(), "running was said after succeeded"),
    "two ends of an operation": ("I4", two_ends(), "succeeded was said after succeeded"),
    "two ends of a run": ("I4", run_ends_twice(), "failed was said after succeeded"),
    "a step back": ("I4", goes_back(), "scheduled was said after running"),
    "a new attempt without a retry": ("I4", attempt_out_of_turn(), "attempt 1 followed attempt 0"),
    "an operation without end": ("I4", b_never_ends(), "the run has ended, and it has not"),
    "a slow launch": ("I5", slow_hand_over(), "after it was said to be scheduled"),
    "an end that is heard late": ("I5", end_heard_late(), "after its pod had ended"),
    "a run that ends late": ("I5", run_ends_late(), "after the last of its operations"),
    "a pod that outlives its operation": ("I6", outlives(), "after the attempt was over"),
    "a pod that still lives": ("I6", still_lives(), "after the attempt was over"),
    "a pod that is never released": ("I6", never_released(), "never released"),
    "a pod of no operation": ("I6", pod_of_nobody(), "which is in no plan"),
    "two at once where one may be": ("I7", limited(overlap=True), "the limit is 1"),
    "a row that is left": ("I8", row_left(), "its row operation/0 is left"),
    "a record that vanished": ("I9", unreadable(kept=False), "neither handled nor set aside"),
    "a launch without effect": ("I9", launch_lost(), "a launch led to no pod"),
    "an end that nobody told": ("I9", end_never_reported(), "was never reported"),
    "a stop that nobody heard": ("I9", stopped(heard=False), "launched after its scope was stopped"),
    "a stop without effect": ("I9", stopped(heard=False), "ended succeeded"),
    "a wish that was lost": ("I9", wish_lost(), "never reached the planner"),
    "a gap in the sequence": ("I10", sequence_gap(), "sequence 5 was said where 4 was due"),
    "two events of one sequence": ("I10", sequence_twice(same=False), "two events have the sequence"),
    "too many attempts": ("I11", too_many_attempts(), "5 attempts are allowed"),
}


@pytest.mark.parametrize("story", KEPT.values(), ids=KEPT.keys())
def test_a_log_that_keeps_all_promises_is_not_blamed(story: Story) -> None:
    assert judged(story) == []


@pytest.mark.parametrize(("invariant", "story", "text"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_promise_is_found(invariant: str, story: Story, text: str) -> None:
    assert [said for number, _, said in judged(story) if number == invariant and text in said]


def test_a_violation_names_run_operation_and_records() -> None:
    found = verify(two_ends().messages, two_ends().pods)[0]
    assert str(found) == (
        f"I4 {RUN} b: succeeded was said after succeeded, which is final "
        "[polyflow.run-events/0@9 polyflow.run-events/0@11]"
    )


@pytest.mark.parametrize(
    "story", [never_planned, never_ended, b_never_ends, never_released, launch_lost, row_left]
)
def test_what_still_goes_on_is_not_blamed_for_its_lacking_end(story: Callable[[], Story]) -> None:
    assert judged(story(), Strictness(complete=False)) == []


def test_every_invariant_has_a_log_that_breaks_it() -> None:
    assert {invariant for invariant, _, _ in BROKEN.values()} == {f"I{number}" for number in range(1, 12)}

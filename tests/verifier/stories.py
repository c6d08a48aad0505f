"""Logs that keep a promise, and logs that break one: each says in its name what is special about it."""

from typing import Any

import msgspec

from polyflow_topics import catalog
from tests.verifier.log import LoggedMessage, PodLife
from tests.verifier.story import RUN, START, Story, begun, beside_each_other, good


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
    story = begun(trigger)
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
    story = begun()
    story.launch("a")
    story.pod("a")
    story.operation("a", "running")
    story.operation("a", "scheduled")
    story.wait_for_pod()
    story.settle("a")
    story.operate("b")
    story.run("succeeded")
    return story


def waits() -> Story:
    story = begun()
    story.launch("a")
    story.operation("a", "scheduled", reason="Unschedulable")
    story.pod("a")
    story.wait_for_pod()
    story.settle("a")
    story.operate("b")
    story.run("succeeded")
    return story


def attempt_out_of_turn() -> Story:
    story = begun()
    story.launch("a")
    story.pod("a")
    story.report("a", "failed")
    story.operate("a", attempt=1)
    story.operate("b")
    story.run("succeeded")
    return story


def b_never_ends() -> Story:
    story = begun()
    story.operate("a")
    story.run("succeeded")
    return story


def slow_hand_over() -> Story:
    story = begun()
    story.launch("a")
    story.now += 60
    story.pod("a")
    story.settle("a")
    story.operate("b")
    story.run("succeeded")
    return story


def end_heard_late() -> Story:
    story = begun()
    story.launch("a")
    story.pod("a")
    story.now += 60
    story.settle("a")
    story.operate("b")
    story.run("succeeded")
    return story


def run_ends_late() -> Story:
    story = begun()
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


def asked_and_lives() -> Story:
    story = good().change_pod(2, ended=None, deleted=None, asked=START + 10)
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
    story = begun(concurrency=1, upstream=False)
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


def queued(*, overlap: bool) -> Story:
    """`a` and `b` are in queues, each in one of its own."""
    queues: dict[str, Any] = {"about_a": {"queue": "narrow"}, "about_b": {"queue": "default"}}
    return beside_each_other(begun(upstream=False, **queues), overlap=overlap)


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


def unforeseen() -> Story:
    story = good()
    about = {"topic": catalog.RUN_INBOX.name, "partition": 0, "offset": 0, "service": "planner"}
    said = {"reason": "Unforeseen", "message": "KeyError: 'scope'"}
    story.say(catalog.DEAD_LETTERS.name, "polyflow.dead-letter.v1", **about, **said)
    return story


def launch_lost() -> Story:
    story = good()
    story.command("launch", "a", attempt=2)
    story.messages[-1] = msgspec.structs.replace(story.messages[-1], at=START)
    return story


def end_never_reported() -> Story:
    return good().without("polyflow.operation.reported.v1")


def stopped(*, heard: bool) -> Story:
    story = begun()
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

"""For each promise a log that keeps it and logs that break it."""

from collections.abc import Callable

import pytest

from tests.verifier import attempt_stories, stories
from tests.verifier.story import RUN, Story, good
from tests.verifier.verify import verify
from tests.verifier.violation import Limits, Strictness

STRICT = Strictness(hand_over=20.0, limits=Limits(1, {"narrow": 1}))


def judged(story: Story, strict: Strictness = STRICT) -> list[tuple[str, str, str]]:
    return [(one.invariant, one.operation, one.text) for one in verify(story.messages, story.pods, strict)]


KEPT: dict[str, Story] = {
    "a retry, then the next": good(),
    "a request is refused": stories.rejected(),
    "another body under the same id is refused": stories.another_body_refused(),
    "a trigger that wants failures": stories.begins_too_early("all_failed"),
    "a trigger that wants ends": stories.begins_too_early("all_done"),
    "an operation waits for a node": stories.waits(),
    "one at a time": stories.limited(overlap=False),
    "a row of a stale writer counts for nothing": stories.stale_row_left(),
    "what cannot be read is set aside": stories.unreadable(kept=True),
    "a stop ends it": stories.stopped(heard=True),
    "an event is repeated": stories.sequence_twice(same=True),
    "what waits for a service that is up": attempt_stories.served(up=True),
    "what waits for an event that has happened": attempt_stories.awaited(runs=True),
    "an exit code that is ignored": attempt_stories.ruled("ignore", again=True),
    "an exit code that is final": attempt_stories.ruled("fail", again=False),
    "a lost node": attempt_stories.node_lost(again=True),
    "a wait before the next attempt": attempt_stories.waited(90),
    "one after the other under the installation's limit": stories.queued(overlap=False),
    "equal operations one after the other": attempt_stories.equal(overlap=False),
    "outputs that were stated twice": attempt_stories.stated(2),
}

BROKEN: dict[str, tuple[str, Story, str]] = {
    "no answer": ("I1", stories.never_planned(), "neither accepted nor rejected"),
    "no end": ("I1", stories.never_ended(), "has no end"),
    "no request": ("I1", stories.nobody_asked(), "nobody has requested it"),
    "created twice": ("I1", stories.created_again(), "created more than once"),
    "another body without answer": ("I1", stories.another_body_unanswered(), "neither run nor refused"),
    "two pods of an attempt": ("I2", stories.a_pod_twice(), "attempt 0 had 2 pods"),
    "start after a failure": ("I3", stories.begins_too_early(), "upstreams failed"),
    "start after a success that was not wanted": (
        "I3",
        stories.begins_too_early("one_failed", "succeeded"),
        "upstreams succeeded",
    ),
    "a pod before its upstream's end": ("I3", stories.pods_overlap(), "before those upstream had ended"),
    "a status after the end": ("I4", stories.said_after_the_end(), "running was said after succeeded"),
    "two ends of an operation": ("I4", stories.two_ends(), "succeeded was said after succeeded"),
    "two ends of a run": ("I4", stories.run_ends_twice(), "failed was said after succeeded"),
    "a step back": ("I4", stories.goes_back(), "scheduled was said after running"),
    "a new attempt without a retry": ("I4", stories.attempt_out_of_turn(), "attempt 1 followed attempt 0"),
    "an operation without end": ("I4", stories.b_never_ends(), "the run has ended, and it has not"),
    "a slow launch": ("I5", stories.slow_hand_over(), "after it was said to be scheduled"),
    "an end that is heard late": ("I5", stories.end_heard_late(), "after its pod had ended"),
    "a run that ends late": ("I5", stories.run_ends_late(), "after the last of its operations"),
    "a pod that outlives its operation": ("I6", stories.outlives(), "after the attempt was over"),
    "a pod that still lives": ("I6", stories.still_lives(), "after the attempt was over"),
    "a pod that was told to go and lives on": (
        "I6",
        stories.asked_and_lives(),
        "after the attempt was over",
    ),
    "a pod that is never released": ("I6", stories.never_released(), "never released"),
    "a pod of no operation": ("I6", stories.pod_of_nobody(), "which is in no plan"),
    "two at once where one may be": ("I7", stories.limited(overlap=True), "the limit is 1"),
    "a row that is left": ("I8", stories.row_left(), "its row operation/0 is left"),
    "a record that vanished": ("I9", stories.unreadable(kept=False), "neither handled nor set aside"),
    "a record that code of ours failed on": (
        "I9",
        stories.unforeseen(),
        "planner failed on a record: KeyError",
    ),
    "a launch without effect": ("I9", stories.launch_lost(), "a launch led to no pod"),
    "an end that nobody told": ("I9", stories.end_never_reported(), "was never reported"),
    "a stop that nobody heard": ("I9", stories.stopped(heard=False), "launched after its scope was stopped"),
    "a stop without effect": ("I9", stories.stopped(heard=False), "ended succeeded"),
    "a wish that was lost": ("I9", stories.wish_lost(), "never reached the planner"),
    "a gap in the sequence": ("I10", stories.sequence_gap(), "sequence 5 was said where 4 was due"),
    "two events of one sequence": ("I10", stories.sequence_twice(same=False), "two events have the sequence"),
    "a start before its service is up": ("I3", attempt_stories.served(up=False), "upstreams open"),
    "a start before the event that it waits for": (
        "I3",
        attempt_stories.awaited(runs=False),
        "upstreams open",
    ),
    "a failure that was to be ignored": (
        "I11",
        attempt_stories.ruled("ignore", again=False),
        "exit code 75, which is ignored",
    ),
    "another attempt after a final exit code": (
        "I11",
        attempt_stories.ruled("fail", again=True),
        "which its exit code forbids",
    ),
    "a lost node taken for a failure": (
        "I11",
        attempt_stories.node_lost(again=False),
        "which lost 1 attempts",
    ),
    "an attempt before it is due": ("I11", attempt_stories.waited(10), "before it was due"),
    "equal operations at once": ("I7", attempt_stories.equal(overlap=True), "while an equal one was, 'a'"),
    "more than the installation's limit": ("I7", stories.queued(overlap=True), "of all queues live at once"),
    "outputs of an earlier statement": ("I9", attempt_stories.stated(1), "not those of statement 2"),
    "too many attempts": ("I11", stories.too_many_attempts(), "5 attempts are allowed"),
}


@pytest.mark.parametrize("story", KEPT.values(), ids=KEPT.keys())
def test_a_log_that_keeps_all_promises_is_not_blamed(story: Story) -> None:
    assert judged(story) == []


@pytest.mark.parametrize(("invariant", "story", "text"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_promise_is_found(invariant: str, story: Story, text: str) -> None:
    assert [said for number, _, said in judged(story) if number == invariant and text in said]


def test_a_violation_names_run_operation_and_records() -> None:
    found = verify(stories.two_ends().messages, stories.two_ends().pods)[0]
    assert str(found) == (
        f"I4 {RUN} b: succeeded was said after succeeded, which is final "
        "[polyflow.run-events/0@9 polyflow.run-events/0@11]"
    )


@pytest.mark.parametrize(
    "story",
    [
        stories.never_planned,
        stories.never_ended,
        stories.b_never_ends,
        stories.never_released,
        stories.launch_lost,
        stories.row_left,
    ],
)
def test_what_still_goes_on_is_not_blamed_for_its_lacking_end(story: Callable[[], Story]) -> None:
    assert judged(story(), Strictness(complete=False)) == []


def test_every_invariant_has_a_log_that_breaks_it() -> None:
    assert {invariant for invariant, _, _ in BROKEN.values()} == {f"I{number}" for number in range(1, 12)}


def test_queues_have_limits_of_their_own() -> None:
    story = stories.queued(overlap=True)
    assert judged(story, Strictness(limits=Limits(None, {"narrow": 1, "default": 1}))) == []
    said = judged(story, Strictness(limits=Limits(2, {"narrow": 0})))
    assert said == [("I7", "a", "1 pods of queue 'narrow' live at once; the limit is 0")]

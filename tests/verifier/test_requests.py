"""What users ask of runs, runs from runs, hooks, questions and turns: logs that keep a promise, and that break one."""

import pytest

from tests.verifier import request_stories as stories
from tests.verifier.request_stories import A
from tests.verifier.slots import UNSEEN
from tests.verifier.story import RUN, Story
from tests.verifier.verify import verify
from tests.verifier.violation import Strictness

KEPT: dict[str, Story] = {
    "a paused run goes on": stories.paused(launched=False),
    "a run that is paused once more": stories.paused_again(True),
    "a run that goes on at the second request": stories.paused_again(False, True),
    "what waits for something else by now": stories.waits_again("QueueLimit", "InstallationLimit"),
    "executed without waiting for an equal one": stories.hurried("Executed"),
    "an approved operation": stories.approved(first=True),
    "a skipped operation": stories.skipped(launched=False),
    "a higher limit": stories.limit_set(1, 2),
    "no limit any more": stories.limit_set(1, None),
    "a resumed run": stories.resumed(),
    "an attempt that only asked the cache has its number": stories.resumed_after_a_claim(),
    "a stop of a run that has ended, as it goes on": stories.resumed(stop="before"),
    "a stop of one that has ended and is planned again, as it goes on": stories.resumed(stop="between"),
    "a hook for this end": stories.hooked(),
    "a hook for every end": stories.hooked(None),
    "a hook for another end": stories.hooked("failed", requested=False, told=False),
    "what has succeeded was found": stories.found(A),
    "and found again": stories.found(A, then=A),
    "a run that waits for its turn": stories.turns(1),
    "a run that asks for a slot again after a pause": stories.turns_after_a_pause(),
    "whose turn it was is lost with its admission service": stories.turns(2, "while"),
}

BROKEN: dict[str, tuple[str, Story, str]] = {
    "a request without answer": ("I9", stories.unanswered(), "a request to explain was never answered"),
    "a launch of a paused run": ("I9", stories.paused(launched=True), "while its run was paused"),
    "a pause said twice": ("I4", stories.paused_again(), "queued was said after queued"),
    "a pause said twice though it was not to end": (
        "I4",
        stories.paused_again(False),
        "queued was said after queued",
    ),
    "a wait said twice": (
        "I4",
        stories.waits_again("QueueLimit", "QueueLimit"),
        "queued was said after queued",
    ),
    "an approval that does not let it run beside an equal one": (
        "I7",
        stories.hurried(""),
        "while an equal one was, 'a'",
    ),
    "a start without approval": ("I3", stories.approved(first=False), "before it was approved"),
    "a skipped operation that runs": ("I9", stories.skipped(launched=True), "after a request to skip it"),
    "a skipped operation that succeeds": ("I9", stories.skipped(launched=True), "it ended succeeded"),
    "a lower limit without effect": ("I7", stories.limit_set(2, 1), "the limit is 1"),
    "other outputs than were kept": ("I9", stories.resumed(outputs=2), "with other outputs than it had"),
    "a kept operation that runs": ("I11", stories.resumed(again=True), "to be kept, and was launched"),
    "an attempt's number twice": ("I2", stories.resumed(attempt=0), "attempt 0 had 2 pods"),
    "more attempts than there may be, in a resumed run": (
        "I11",
        stories.resumed_after_a_claim(claimed=False),
        "attempt 4 was made; 4 attempts are allowed",
    ),
    "a generation that was not the last": ("I4", stories.resumed(seen=1), "goes on from generation 1"),
    "a generation without end": ("I1", stories.resumed(ends=False), "has no end"),
    "a stop of a resumed run that nobody heard": (
        "I9",
        stories.resumed(stop="after"),
        "launched after its scope was stopped",
    ),
    "a resumption without answer": ("I1", stories.resumption_unanswered(), "neither carried out nor refused"),
    "a hook that was forgotten": (
        "I9",
        stories.hooked(requested=False, told=False),
        "its hook was not requested",
    ),
    "a hook for another end that runs": ("I9", stories.hooked("failed"), "is not for this end"),
    "a hook that nobody was told of": ("I9", stories.hooked(told=False), "requested and not told"),
    "what has not succeeded was found": ("I3", stories.found(RUN), "it found some that had not succeeded"),
    "another answer the next time": ("I3", stories.found(A, then=RUN), "another attempt of it has other"),
    "a run whose turn was another's": ("I7", stories.turns(2), "while another run was given 2 slots"),
    "two turns lost by one takeover": ("I7", stories.turns(3, "while"), "was given 3 slots"),
    "a turn lost after a takeover before": ("I7", stories.turns(2, "before"), "was given 2 slots"),
    "a turn lost, and a takeover afterwards": ("I7", stories.turns(2, "after"), "was given 2 slots"),
    "a flood of launches": ("I7", stories.many_launches(UNSEEN + 1), "501 of its launches wait"),
}


def judged(story: Story, *, complete: bool = True) -> list[tuple[str, str]]:
    return [
        (one.invariant, one.text) for one in verify(story.messages, story.pods, Strictness(complete=complete))
    ]


@pytest.mark.parametrize("story", KEPT.values(), ids=KEPT.keys())
def test_a_log_that_keeps_all_promises_is_not_blamed(story: Story) -> None:
    assert judged(story) == []


@pytest.mark.parametrize(("invariant", "story", "text"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_promise_is_found(invariant: str, story: Story, text: str) -> None:
    assert [said for number, said in judged(story) if number == invariant and text in said], judged(story)


def test_as_many_launches_as_may_wait_are_no_flood() -> None:
    assert judged(stories.many_launches(UNSEEN), complete=False) == []

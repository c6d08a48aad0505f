"""Further attempts: who gets one, on whose account, and when."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_services.planner.attempts.retries import IGNORED, delay_of
from polyflow_services.planner.core import decide
from polyflow_services.planner.rows import keys
from polyflow_shared.observing.metrics import bounded
from polyflow_topics.commands import LaunchOperation
from polyflow_topics.events import OperationChanged
from polyflow_topics.plan import Backoff, FailureRule
from polyflow_topics.status import Status
from tests.unit.planner.plan_builder import RUN, START, Op, dag, plan, report, stop
from tests.unit.planner.resumed import going_on
from tests.unit.planner.world import World

OK, BAD = "succeeded", "failed"
TEN_SECONDS = Backoff(kind="fixed", delay=10)
IGNORE_143 = FailureRule(action="ignore", exit_codes=(143,))
FAIL_UNLESS_1 = FailureRule(action="fail", exit_codes=(1,), other=True)
FAIL_WHERE_LOST = FailureRule(action="fail")
IGNORE_WHERE_LOST = FailureRule(action="ignore")

# name: (operation, [(how each attempt ends, exit code, whether the cluster is to blame)], the story)
STORIES = {
    "a failure of the infrastructure is not the user's": (
        Op(retries=1),
        [(BAD, None, True), (BAD, 1, False), (OK, 0, False)],
        "a retrying|launch a#1|a retrying|launch a#2|a succeeded|run succeeded",
    ),
    "an operation without retries is replaced as well": (
        Op(),
        [(BAD, 137, True), (OK, 0, False)],
        "a retrying|launch a#1|a succeeded|run succeeded",
    ),
    "the infrastructure's budget comes to an end": (
        Op(retries=5),
        [("lost", None, False), (BAD, None, True), ("lost", None, False), (BAD, None, True)],
        "a retrying|launch a#1|a retrying|launch a#2|a retrying|launch a#3|a failed|run failed",
    ),
    "an exit code that is ignored uses up no retry": (
        Op(retries=1, rules=(IGNORE_143,)),
        [(BAD, 143, False), (BAD, 143, False), (BAD, 1, False), (OK, 0, False)],
        "a retrying|launch a#1|a retrying|launch a#2|a retrying|launch a#3|a succeeded|run succeeded",
    ),
    "an exit code that must not be tried again is not": (
        Op(retries=3, rules=(FAIL_UNLESS_1,)),
        [(BAD, 1, False), (BAD, 2, False)],
        "a retrying|launch a#1|a failed|run failed",
    ),
    "the first rule that matches holds": (
        Op(retries=3, rules=(IGNORE_143, FAIL_UNLESS_1)),
        [(BAD, 143, False), (BAD, 3, False)],
        "a retrying|launch a#1|a failed|run failed",
    ),
    "a rule about exit codes says nothing of the infrastructure": (
        Op(rules=(FAIL_UNLESS_1,)),
        [(BAD, 137, True), (OK, 0, False)],
        "a retrying|launch a#1|a succeeded|run succeeded",
    ),
    "a rule about the infrastructure holds for lost pods": (
        Op(retries=3, rules=(FAIL_WHERE_LOST,)),
        [(BAD, 1, False), ("lost", None, False)],
        "a retrying|launch a#1|a failed|run failed",
    ),
    "a rule that ignores the infrastructure's failures says nothing of a program that never began": (
        Op(rules=(IGNORE_WHERE_LOST,)),
        [(BAD, None, False)],
        "a failed|run failed",
    ),
    "a rule that gives up the infrastructure's failures says nothing of it either": (
        Op(retries=1, rules=(FAIL_WHERE_LOST,)),
        [(BAD, None, False), (BAD, None, False)],
        "a retrying|launch a#1|a failed|run failed",
    ),
    "a rule about all other exit codes says nothing of it either": (
        Op(retries=1, rules=(FAIL_UNLESS_1,)),
        [(BAD, None, False), (OK, 0, False)],
        "a retrying|launch a#1|a succeeded|run succeeded",
    ),
    "where the infrastructure's failures are ignored none uses up its budget": (
        Op(rules=(IGNORE_WHERE_LOST,)),
        [(BAD, None, True), ("lost", None, False), (BAD, 137, True), ("lost", None, False), (OK, 0, False)],
        "a retrying|launch a#1|a retrying|launch a#2|a retrying|launch a#3|a retrying|launch a#4"
        "|a succeeded|run succeeded",
    ),
}


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("times", [1, 2])
def test_story(name: str, times: int) -> None:
    operation, attempts, story = STORIES[name]
    world = World(deliveries=times).take(*plan(dag(a=operation)))
    for status, code, to_blame in attempts:
        ended = report(world.launch("a"), status, exit_code=code, infrastructure=to_blame)
        world.take(*[ended] * times)
    assert world.story() == ["launch a#0", *story.split("|")]


def waiting(operation: Op, *, concurrency: int | None = None) -> World:
    """Return a world in which the first attempt of `a` has failed, and `b` waits for a slot if there is one."""
    world = World(patient=True).take(*plan(dag(concurrency, None, a=operation, b="")))
    return world.take(report(world.launch("a"), BAD, exit_code=1, message="exit code 1"))


def test_an_attempt_waits_for_its_timer_and_says_when_and_on_whose_account() -> None:
    world = waiting(Op(retries=2, backoff=TEN_SECONDS))
    event = world.of(OperationChanged)[-1]
    assert (event.status, event.attempt) == (Status.RETRYING, 0)
    assert event.message == "tried again in 10.0 s, at 2026-01-01T00:00:10Z (retry 1 of 2): exit code 1"
    assert [launch.attempt for launch in world.launches() if launch.operation == "a"] == [0]
    [timer] = world.retries()
    assert timer.due == START + timedelta(seconds=10)
    world.take(timer, timer)
    assert [launch.attempt for launch in world.launches() if launch.operation == "a"] == [0, 1]
    assert world.retries() == []


def test_what_waits_for_its_next_attempt_holds_no_slot() -> None:
    world = waiting(Op(retries=1, backoff=TEN_SECONDS), concurrency=1)
    assert world.story()[-2:] == ["a retrying", "launch b#0"]
    world.take(*world.retries())
    assert world.story()[-1] == "a queued"
    world.take(report(world.launch("b"), OK))
    assert world.story()[-1] == "launch a#1"


def test_a_stop_ends_what_waits_for_its_next_attempt_and_takes_its_timer_away() -> None:
    world = waiting(Op(retries=1, backoff=TEN_SECONDS))
    timers = world.retries()
    world.take(stop(), *timers)
    assert "a stopped" in world.story()
    assert world.retries() == []
    assert world.story()[-1] != "launch a#1"


def test_late_reports_of_the_attempt_before_change_nothing_while_the_next_is_waited_for() -> None:
    world = waiting(Op(retries=1, backoff=TEN_SECONDS))
    late = world.launch("a")
    world.take(report(late, OK), report(late, BAD), report(late, "absent"))
    assert world.story()[-1] == "a retrying"


def test_no_delay_needs_no_timer() -> None:
    world = waiting(Op(retries=1, backoff=Backoff(kind="fixed", delay=0)))
    assert world.story()[-1] == "launch a#1"
    assert world.of(OperationChanged)[-2].message == "tried again now (retry 1 of 1): exit code 1"


def test_a_replacement_says_that_it_is_not_counted() -> None:
    world = World(patient=True).take(*plan(dag(a="")))
    world.take(report(world.launch("a"), "lost", reason="NodeLost"))
    event = world.of(OperationChanged)[-1]
    assert event.reason == "NodeLost"
    assert event.message.endswith("(replacement 1 of 3; not counted as a retry)")


IGNORED_FAILURES = {
    "an exit code": (IGNORE_143, {"exit_code": 143}, "its exit code is"),
    "the infrastructure": (
        IGNORE_WHERE_LOST,
        {"exit_code": 137, "infrastructure": True},
        "failures of the infrastructure are",
    ),
}


@pytest.mark.parametrize(("how", "reason"), [("absent", "Absent"), ("lost", "Lost"), ("stopped", "Stopped")])
def test_a_pod_that_is_gone_without_a_reason_counts_under_one_of_its_own(how: str, reason: str) -> None:
    world = World().take(*plan(dag(a="")))
    world.take(report(world.launch("a"), how))
    told = [event.reason for event in world.of(OperationChanged) if event.status is Status.RETRYING]
    assert [bounded(one) for one in told] == [reason]


@pytest.mark.parametrize("rule", [IGNORE_143, FAIL_UNLESS_1])
def test_a_time_out_is_a_failure_whose_exit_code_is_nobodys(rule: FailureRule) -> None:
    world = World().take(*plan(dag(a=Op(retries=1, rules=(rule,)))))
    for _ in range(2):
        world.take(report(world.launch("a"), BAD, exit_code=143, reason="DeadlineExceeded"))
    assert world.story() == ["launch a#0", "a retrying", "launch a#1", "a failed", "run failed"]


@pytest.mark.parametrize(("rule", "how", "what"), IGNORED_FAILURES.values(), ids=IGNORED_FAILURES)
def test_what_is_ignored_says_by_which_kind_of_rule(rule: FailureRule, how: dict, what: str) -> None:
    world = World(patient=True).take(*plan(dag(a=Op(rules=(rule,), backoff=TEN_SECONDS))))
    world.take(report(world.launch("a"), BAD, **how))
    assert world.of(OperationChanged)[-1].message == (
        f"tried again in 10.0 s, at 2026-01-01T00:00:10Z (not counted as a retry, for {what} ignored)"
    )


def test_the_infrastructures_budget_is_a_setting() -> None:
    world = World().take(*plan(dag(a="")))
    ended = report(world.launch("a"), BAD, reason="Evicted", message="evicted", infrastructure=True)
    decision = decide(world.rows, ended, START, infrastructure_retries=0)
    assert not any(isinstance(message, LaunchOperation) for message in decision.messages)
    [event] = [message for message in decision.messages if isinstance(message, OperationChanged)]
    assert (event.status, event.reason) == (Status.FAILED, "Evicted")
    assert event.message == "evicted; given up: attempts that the infrastructure lost: 1"


def test_what_a_rule_gives_up_does_not_speak_of_the_budget() -> None:
    world = World().take(*plan(dag(a=Op(rules=(FAIL_WHERE_LOST,)))))
    world.take(report(world.launch("a"), BAD, reason="Evicted", message="evicted", infrastructure=True))
    event = world.of(OperationChanged)[-1]
    assert (event.status, event.message) == (Status.FAILED, "evicted")


def test_what_the_infrastructure_loses_in_a_scope_that_closes_is_stopped() -> None:
    world = World().take(*plan(dag(None, 1, a="", b="")))
    closes = decide(world.rows, report(world.launch("a"), BAD), START)
    world.save(closes.writes)
    world.take(report(world.launch("b"), BAD, infrastructure=True))  # before the sweep has come to it
    assert world.story()[-2:] == ["b stopped", "run failed"]


def test_what_is_ignored_for_ever_counts_in_the_end() -> None:
    rule = FailureRule(action="ignore", exit_codes=(9,))
    world = World().take(*plan(dag(a=Op(rules=(rule,), backoff=Backoff(kind="fixed", delay=0)))))
    for _ in range(IGNORED):
        world.take(report(world.launch("a"), BAD, exit_code=9, message="exit code 9"))
    assert world.story()[-2:] == ["a failed", "run failed"]
    assert len(world.launches()) == IGNORED
    message = world.of(OperationChanged)[-1].message
    assert message == "exit code 9; given up: 100 attempts, of which those that are ignored cost no retry"


DOUBLING = Backoff(kind="exponential", delay=1)
AS_BEFORE = {
    "what is ignored": (Op(rules=(IGNORE_143,), backoff=DOUBLING), {"exit_code": 143}),
    "what is ignored of the infrastructure": (
        Op(rules=(IGNORE_WHERE_LOST,), backoff=DOUBLING),
        {"infrastructure": True},
    ),
    "a retry": (Op(retries=9, backoff=DOUBLING), {"exit_code": 1}),
    "a replacement": (Op(), {"infrastructure": True}),
}


@pytest.mark.parametrize(("operation", "how"), AS_BEFORE.values(), ids=AS_BEFORE)
def test_after_a_resume_attempts_wait_as_long_as_those_of_a_new_run(operation: Op, how: dict) -> None:
    graph = dag(a=operation)
    world = World(patient=True).take(*plan(graph))
    for generation in range(3):
        for limit in (1.0, 2.0, 4.0):
            world.take(report(world.launch("a"), BAD, **how))
            [timer] = world.retries()
            waited = (timer.due - world.now).total_seconds()
            assert limit / 2 <= waited <= limit
            world.take(timer)
        world.take(stop(), report(world.launch("a"), "stopped"))
        world.take(*going_on(graph, set(), generation=generation, body=f"again {generation}"))
        assert world.launch("a").attempt == 4 * (generation + 1)


def test_a_resumed_run_may_ignore_as_many_failures_as_a_new_one() -> None:
    graph = dag(a=Op(rules=(IGNORE_143,), backoff=Backoff(kind="fixed", delay=0)))
    world = World().take(*plan(graph))
    for _ in range(IGNORED):
        world.take(report(world.launch("a"), BAD, exit_code=143))
    world.said.clear()
    world.take(*going_on(graph, set()))
    for _ in range(IGNORED):
        assert world.story()[-1].startswith("launch a#")
        world.take(report(world.launch("a"), BAD, exit_code=143))
    assert world.story()[-2:] == ["a failed", "run failed"]


def test_rows_of_timers_are_gone_with_the_run() -> None:
    world = World().take(*plan(dag(a=Op(retries=1))))
    world.take(report(world.launch("a"), BAD), report(world.launch("a"), OK))
    for status in (BAD, OK):
        world.take(report(world.launch("a"), status))
    assert {key for key, _ in world.rows.items()} == {keys.stub_key(RUN), keys.timer_key(RUN, "stub")}


backoffs = st.builds(
    Backoff,
    kind=st.sampled_from(["fixed", "exponential"]),
    delay=st.floats(0, 1000),
    limit=st.floats(0, 1000),
)


@given(backoffs, st.integers(1, 10_000), st.text(max_size=9))
def test_a_delay_is_the_same_each_time_and_never_above_its_limit(backoff, nth, seed) -> None:
    delay = delay_of(backoff, nth, seed)
    assert 0 <= delay <= backoff.limit
    assert delay == delay_of(backoff, nth, seed)


@given(st.integers(1, 30), st.text(max_size=9))
def test_an_exponential_delay_is_between_half_and_all_of_a_doubling(nth, seed) -> None:
    whole = 2.0 ** (nth - 1)
    assert whole / 2 <= delay_of(Backoff(delay=1, limit=1e12), nth, seed) <= whole


def test_operations_that_failed_together_do_not_come_back_together() -> None:
    assert len({delay_of(Backoff(), 3, f"run/operation-{n}/0") for n in range(100)}) == 100

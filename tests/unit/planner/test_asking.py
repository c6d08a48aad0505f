"""What a run asks about other runs before it begins: joins of a DAG at the top, and beside a condition."""

from datetime import timedelta

import pytest

from polyflow_services.planner.core import recovered
from polyflow_topics.events import OperationChanged, RunChanged
from polyflow_topics.inbox import TimerFired
from polyflow_topics.names import THE_RUN
from polyflow_topics.plan import Found, OutputOf, PlannedAsking, PlannedCondition, PlannedParam, PlanPart
from polyflow_topics.queries import Answer, Question, RunsFound, RunsQueried
from tests.unit.planner.plan_builder import RUN, START, asked, dag, plan, report, stop
from tests.unit.planner.world import World

LOSSES = PlannedParam(name="losses", kind="List[float]", found=(Found(question=0, entry=0),))
TAG = PlannedParam(name="tag", value="nightly")
READ = PlannedParam(name="read", source=OutputOf(operation=THE_RUN, output="losses", of="inputs"))
BEST = Question(query="tags: {{ tag }}", sort="metrics.loss", entries=("outputs.loss",))
ASKS = PlannedAsking(questions=(BEST,), params=(LOSSES, TAG))
MANY = PlannedCondition(text="{{ losses | length > 1 }}", params=(LOSSES, TAG))


def asking(condition=None, **begun_with):
    """Return the plan of a DAG of `a` and then `b`, both of which read what the run has found."""
    begun_with = {"asks": ASKS, "params": {"tag": "nightly"}, **begun_with}
    return _with(plan(dag(a="", b="a"), condition=condition, **begun_with), params=(READ,))


def alone(condition):
    """Return the plan of one operation with a question, which the condition of its run names as well."""
    made = plan(dag(a=""), condition=condition, asks=ASKS, params={"tag": "nightly"}, kind="job")
    return _with(made, params=(LOSSES, TAG), questions=(BEST,))


def _with(messages, **fields):
    for message in messages:
        if isinstance(message, PlanPart):
            operations = tuple(one.model_copy(update=fields) for one in message.operations)
            yield message.model_copy(update={"operations": operations})
        else:
            yield message


def found(*values):
    return RunsFound(run=RUN, index=THE_RUN, answers=(Answer(values=(values,)),))


def told(world):
    return [(event.status, event.reason, event.params) for event in world.of(RunChanged)]


def started_with(world):
    return [(one.operation, one.params) for one in world.of(OperationChanged) if one.status == "scheduled"]


def test_a_run_begins_once_its_question_is_answered_and_has_the_answer_among_its_params() -> None:
    world = World(deliveries=2).take(*(message for message in asking() for _ in range(2)))
    assert world.launches() == []
    question = world.of(RunsQueried)[0]
    assert (question.index, question.project) == (THE_RUN, "default")
    assert [one.query for one in question.questions] == ["tags: nightly"]
    world.take(found(1, None), found(2))
    assert told(world) == [
        ("created", "", {"tag": "nightly"}),
        ("running", "", {"tag": "nightly", "losses": [1.0, None]}),
    ]
    for operation in ("a", "b"):
        world.take(report(world.launch(operation), "succeeded"))
    assert started_with(world) == [("a", {"read": [1.0, None]}), ("b", {"read": [1.0, None]})]
    assert world.story()[-1] == "run succeeded"


CONDITIONS = {
    "of a DAG": asking,
    "of one operation": alone,
}


@pytest.mark.parametrize("made", CONDITIONS.values(), ids=CONDITIONS)
def test_a_condition_is_looked_at_when_the_answer_is_there(made) -> None:
    world = World().take(*made(MANY), found(1))
    assert told(world)[-1][:2] == ("skipped", "ConditionFalse")
    assert world.launches() == []
    world = World().take(*made(MANY), found(1, 2))
    assert [launch.operation for launch in world.launches()] == ["a"]
    assert len(world.of(RunsQueried)) == 1


def test_an_operation_has_the_answer_that_its_condition_was_looked_at_with() -> None:
    world = World().take(*alone(MANY), found(1, 2), found(3, 4))
    assert started_with(world) == [("a", {"losses": [1.0, 2.0], "tag": "nightly"})]


def test_an_approval_is_asked_for_behind_the_answer() -> None:
    world = World().take(*asking(approval=True), asked("approve"))
    assert world.launches() == []
    assert [launch.operation for launch in world.take(found(1)).launches()] == ["a"]
    world = World().take(*asking(approval=True), found(1))
    assert told(world)[-1][:2] == ("created", "ApprovalAwaited")


def test_it_is_asked_again_after_a_restart_and_by_the_recheck_until_there_is_an_answer() -> None:
    world = World().take(*asking())
    world.take(*recovered(key for key, _ in world.rows.items()))
    assert len(world.of(RunsQueried)) == 2
    world.later(minutes=5, seconds=1)
    world.take(TimerFired(run=RUN, name="recheck", due=START + timedelta(minutes=5)))
    assert len(world.of(RunsQueried)) == 3
    world.take(found(1), *recovered(key for key, _ in world.rows.items()))
    assert len(world.of(RunsQueried)) == 3


def test_a_stop_or_a_skip_ends_a_run_that_waits_for_an_answer() -> None:
    world = World().take(*asking(), stop(), found(1))
    assert sorted(world.story()) == ["a stopped", "b stopped", "run stopped"]
    world = World().take(*asking(), asked("skip"))
    assert world.take(found(1)).story()[-1] == "run skipped"
    assert world.launches() == []


def test_a_stop_that_came_before_the_run_asks_nothing() -> None:
    world = World().take(stop(), *asking())
    assert world.story()[-1] == "run stopped"
    assert world.of(RunsQueried) == []


def test_explain_says_what_a_run_waits_for() -> None:
    world = World().take(*asking(), asked("explain"), asked("explain", "a"))
    said = [event.message for event in world.said if getattr(event, "reason", "") == "Explained"]
    assert "it waits for: an answer about other runs" in said[0]
    assert said[1] == "a is created\nthe run has not begun: it waits for an answer about other runs"


WRONG = {
    "an answer with a reason": (
        Answer(reason="QueryInvalid", message="the query cannot be carried out"),
        ("QueryInvalid", "the query cannot be carried out"),
    ),
    "a value of another type": (
        Answer(values=(("high",),)),
        ("ParamInvalid", "param 'losses' from the runs that were found: "),
    ),
}


@pytest.mark.parametrize(("answer", "wanted"), WRONG.values(), ids=WRONG)
def test_a_run_without_a_useful_answer_fails(answer, wanted) -> None:
    world = World().take(*asking(), RunsFound(run=RUN, index=THE_RUN, answers=(answer,)))
    end = world.of(RunChanged)[-1]
    assert (end.status, end.reason, end.message[: len(wanted[1])]) == ("failed", *wanted)
    assert [event.status for event in world.of(OperationChanged)] == ["upstream_failed"] * 2


def test_a_question_that_cannot_be_asked_fails_the_run() -> None:
    wrong = ASKS.model_copy(update={"questions": (BEST.model_copy(update={"limit": "{{ tag }}"}),)})
    end = World().take(*asking(asks=wrong)).of(RunChanged)[-1]
    assert (end.status, end.reason) == ("failed", "QueryInvalid")
    assert end.message == "`limit` of a join is a whole number, and not 'nightly'"


def test_nothing_is_left_of_it_when_the_run_is_forgotten_and_a_late_answer_changes_nothing() -> None:
    world = World().take(*asking(), found(1))
    for operation in ("a", "b"):
        world.take(report(world.launch(operation), "succeeded"))
    assert [key for key, _ in world.rows.items() if "/asks" in key or "/answers/" in key] == []
    said = len(world.said)
    assert len(world.take(found(1)).said) == said

"""The gate of operations that ask about other runs: asked once, answered once, asked again when it is lost."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_services.planner.core import recovered
from polyflow_topics.events import OperationChanged
from polyflow_topics.inbox import TimerFired
from polyflow_topics.plan import Found, PlannedParam, PlanPart
from polyflow_topics.queries import Answer, Question, RunsFound, RunsQueried
from tests.unit.planner.plan_builder import RUN, START, Op, dag, plan, report, stop
from tests.unit.planner.world import World

LOSSES = PlannedParam(name="losses", kind="List[float]", found=(Found(question=0, entry=0),))
BEST = Question(query="status: succeeded", sort="metrics.loss", entries=("outputs.loss",))
OLD = "0a1b2c3d-0000-5000-8000-000000000001"
OF_ONE = Question(run=OLD, entries=("outputs.loss",))


def asking(*questions: Question, params: tuple[PlannedParam, ...] = (LOSSES,), **operations: str | Op):
    """Return the messages of a plan whose operation `pick` asks; others are given as in `dag`."""
    for message in plan(dag(**{"pick": "", **operations})):
        if isinstance(message, PlanPart):
            made = [
                one.model_copy(update={"questions": questions or (BEST,), "params": params})
                if one.name == "pick"
                else one
                for one in message.operations
            ]
            yield message.model_copy(update={"operations": tuple(made)})
        else:
            yield message


def found(*values, index: int = 0) -> RunsFound:
    return RunsFound(run=RUN, index=index, answers=(Answer(values=values),))


def started_with(world: World) -> list[object]:
    return [event.params for event in world.of(OperationChanged) if event.status == "scheduled"]


def end_of(world: World) -> tuple[str, str, str]:
    event = world.of(OperationChanged)[-1]
    return event.status, event.reason, event.message


def test_an_operation_starts_when_its_question_is_answered() -> None:
    world = World().take(*asking())
    assert world.launches() == []
    (asked,) = world.of(RunsQueried)
    assert (asked.questions, asked.project, asked.index) == ((BEST,), "default", 0)
    world.take(found((1, None, 0)))
    assert started_with(world) == [{"losses": [1.0, None, 0.0]}]


@given(st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=6), st.integers(1, 3))
def test_the_first_answer_counts_however_many_come(order: list[int], deliveries: int) -> None:
    world = World(deliveries=deliveries).take(*asking())
    answers = [found((float(number),)) for number in order]
    world.take(*(answer for answer in answers for _ in range(deliveries)))
    assert started_with(world) == [{"losses": [float(order[0])]}]
    assert len(world.launches()) == 1


def test_every_attempt_has_the_same_answer() -> None:
    world = World().take(*asking(), found((1,)))
    world.take(report(world.launch("pick"), "lost"), found((2,)))
    assert started_with(world) == [{"losses": [1.0]}, {"losses": [1.0]}]
    assert len(world.of(RunsQueried)) == 1


def test_the_question_is_asked_when_the_trigger_is_met_and_not_before() -> None:
    world = World().take(*asking(a="", pick="a"))
    assert world.of(RunsQueried) == []
    world.take(report(world.launch("a"), "succeeded"))
    assert len(world.of(RunsQueried)) == 1


def test_trials_of_a_matrix_have_what_the_matrix_has_found() -> None:
    world = World().take(*asking(pick=Op(trials=2)), found((1,)))
    assert started_with(world) == [{"losses": [1.0], "trial": trial} for trial in (0, 1)]
    assert len(world.of(RunsQueried)) == 1


def test_it_is_asked_again_after_a_restart_and_by_the_recheck() -> None:
    world = World().take(*asking())
    world.take(*recovered(key for key, _ in world.rows.items()))
    assert len(world.of(RunsQueried)) == 2
    world.later(minutes=5, seconds=1)
    world.take(TimerFired(run=RUN, name="recheck", due=START + timedelta(minutes=5)))
    assert len(world.of(RunsQueried)) == 3
    world.take(found((1,)))
    world.take(*recovered(key for key, _ in world.rows.items()))
    assert len(world.of(RunsQueried)) == 3


def test_a_stop_ends_an_operation_that_waits_for_an_answer() -> None:
    world = World().take(*asking(), stop())
    assert world.story() == ["run stopping", "pick stopped", "run stopped"]
    assert world.take(found((1,))).launches() == []


def test_nothing_is_left_of_answers_when_the_run_is_forgotten() -> None:
    world = World().take(*asking(), found((1,)))
    world.take(report(world.launch("pick"), "succeeded"))
    assert not [key for key, _ in world.rows.items() if "/answers/" in key]


WRONG = {
    "an answer with a reason": (
        [BEST],
        Answer(reason="RunNotFound", message="there is no such run"),
        ("failed", "RunNotFound", "there is no such run"),
    ),
    "a value of another type": (
        [BEST],
        Answer(values=(("high",),)),
        ("failed", "ParamInvalid", "param 'losses' from the runs that were found: "),
    ),
    "a run without the value": (
        [OF_ONE],
        Answer(values=((),)),
        ("failed", "ParamInvalid", f"param 'losses': the run {OLD} has no outputs.loss"),
    ),
}


@pytest.mark.parametrize(("questions", "answer", "wanted"), WRONG.values(), ids=WRONG)
def test_what_ends_an_operation_that_asks(questions, answer, wanted) -> None:
    world = World().take(*asking(*questions), RunsFound(run=RUN, index=0, answers=(answer,)))
    events = [event for event in world.of(OperationChanged) if event.status == "failed"]
    assert [(event.status, event.reason) for event in events] == [wanted[:2]]
    assert events[0].message.startswith(wanted[2])
    assert world.launches() == []


def test_templates_of_a_question_see_the_params_of_its_operation() -> None:
    question = Question(query="tags: {{ tag }}", limit="{{ n }}", entries=("outputs.loss",))
    params = (LOSSES, PlannedParam(name="tag", value="nightly"), PlannedParam(name="n", value=3))
    world = World().take(*asking(question, params=params))
    asked = world.of(RunsQueried)[0].questions[0]
    assert (asked.query, asked.limit) == ("tags: nightly", 3)


def test_a_question_that_cannot_be_asked_fails_its_operation() -> None:
    world = World().take(*asking(Question(query="status: x", limit="{{ 'many' }}", entries=("inputs",))))
    assert end_of(world)[:2] == ("failed", "QueryInvalid")
    assert end_of(world)[2] == "`limit` of a join is a whole number, and not 'many'"

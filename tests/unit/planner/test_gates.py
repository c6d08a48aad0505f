"""What is not run although its trigger is met, and what is said of it: triggers, skips and conditions."""

import pytest

from polyflow_topics.events import OperationChanged, RunChanged
from polyflow_topics.plan import PlannedCondition, PlannedParam
from polyflow_topics.status import Status
from tests.unit.planner.plan_builder import Op, dag, plan, report, stop
from tests.unit.planner.world import World

OK, BAD = "succeeded", "failed"
NO = Op(condition="false")
"""An operation that is skipped at once."""

# name: (DAG, [(operation, how its pod ends)], the story)
STORIES = {
    "a skipped upstream counts as succeeded": (
        dag(a=NO, b="a"),
        [("b", OK)],
        "a skipped|launch b#0|b succeeded|run succeeded",
    ),
    "a skip reaches what asks for it, and goes on from there": (
        dag(a=NO, b=Op("a", skips=True), c=Op("b", skips=True), d="c"),
        [("d", OK)],
        "a skipped|b skipped|c skipped|launch d#0|d succeeded|run succeeded",
    ),
    "a skip is passed on before the trigger is looked at": (
        dag(a="", b=NO, c=Op("a b", skips=True, trigger="all_done")),
        [("a", OK)],
        "launch a#0|b skipped|c skipped|a succeeded|run succeeded",
    ),
    "what was started is not skipped any more": (
        dag(a="", b=Op("a", condition="false"), c=Op("a b", trigger="one_done", skips=True)),
        [("a", OK), ("c", OK)],
        "launch a#0|a succeeded|launch c#0|b skipped|c succeeded|run succeeded",
    ),
    "one_failed is not met by a skipped upstream": (
        dag(a=NO, b=Op("a", trigger="one_failed")),
        [],
        "a skipped|b upstream_failed|run succeeded",
    ),
    "an output of a skipped upstream that is needed skips": (
        dag(a=NO, b=Op(outputs={"x": "a.x"}), c="b"),
        [("c", OK)],
        "a skipped|b skipped|launch c#0|c succeeded|run succeeded",
    ),
    "an output of a skipped upstream that may be missing does not": (
        dag(a=NO, b=Op(outputs={"x": "a.x?"})),
        [("b", OK)],
        "a skipped|launch b#0|b succeeded|run succeeded",
    ),
    "a nested DAG that is skipped takes its operations with it": (
        dag(n=Op(condition="false", inner=dag(x="", y="x")), z="n"),
        [("z", OK)],
        "n skipped|n.x skipped|n.y skipped|launch z#0|z succeeded|run succeeded",
    ),
    "a condition is looked at when the trigger is met, not before": (
        dag(a="", b=Op("a", outputs={"x": "a.x"}, condition="x > 1")),
        [("a", BAD)],
        "launch a#0|a failed|b upstream_failed|run failed",
    ),
    "a skipped operation takes no slot": (
        dag(1, None, a="", b=NO, c=""),
        [("a", OK), ("c", OK)],
        "launch a#0|b skipped|c queued|a succeeded|launch c#0|c succeeded|run succeeded",
    ),
    "a run in which everything is skipped has succeeded": (
        dag(a=NO, b=Op("a", skips=True)),
        [],
        "a skipped|b skipped|run succeeded",
    ),
}


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("times", [1, 2])
def test_story(name: str, times: int) -> None:
    graph, ends, story = STORIES[name]
    world = World(deliveries=times)
    for message in plan(graph):
        world.take(*[message] * times)
    for operation, status in ends:
        world.take(*[report(world.launch(operation), status)] * times)
    assert sorted(world.story()) == sorted(story.split("|"))
    assert world.story()[-1] == story.rpartition("|")[2]


def last(world: World, operation: str) -> OperationChanged:
    events = [event for event in world.of(OperationChanged) if event.operation == operation]
    return events[-1]


# trigger: (how a and b end, what is said of c)
REASONS = {
    "all_succeeded": ((OK, BAD), "trigger all_succeeded cannot be met: upstream 'b' failed"),
    "all_failed": ((BAD, OK), "trigger all_failed cannot be met: upstream 'b' succeeded"),
    "one_succeeded": (
        (BAD, BAD),
        "trigger one_succeeded cannot be met: no upstream succeeded; the last one, 'b', failed",
    ),
    "one_failed": (
        (OK, OK),
        "trigger one_failed cannot be met: no upstream failed; the last one, 'b', succeeded",
    ),
}


@pytest.mark.parametrize("trigger", REASONS)
def test_a_trigger_that_cannot_be_met_says_which_upstream_did_what(trigger: str) -> None:
    ends, said = REASONS[trigger]
    world = World().take(*plan(dag(a="", b="", c=Op("a b", trigger=trigger))))
    for operation, status in zip("ab", ends, strict=True):
        world.take(report(world.launch(operation), status))
    event = last(world, "c")
    assert (event.status, event.reason, event.message) == (Status.UPSTREAM_FAILED, "TriggerNotMet", said)


def test_a_stopped_upstream_has_neither_succeeded_nor_failed() -> None:
    graph = dag(n=Op(inner=dag(x="")), c="n", d=Op("n", trigger="all_failed"), e="c")
    world = World().take(*plan(graph), stop("n"))
    world.take(report(world.launch("n.x"), "stopped"))
    for operation in "cd":
        assert last(world, operation).message.endswith("cannot be met: upstream 'n' was stopped")
    assert last(world, "e").message.endswith("upstream 'c' was not run because of its own upstreams")


# condition: (params, status, what is said)
CONDITIONS = {
    "x > 1": ({"x": 0}, "skipped", "condition `{{ x > 1 }}` is false"),
    "{{ x > 1 }}": ({"x": 2}, "scheduled", ""),
    "x": ({"x": "yes"}, "scheduled", ""),
    "x == 0 and globals.name == 'a'": ({"x": 0}, "scheduled", ""),
    "params.x.value": ({"x": False}, "skipped", "condition `{{ params.x.value }}` is false"),
    "{{ x }}": ({"x": "perhaps"}, "failed", "it gives 'perhaps', which is neither true nor false"),
    "x in [1, 2]": ({"x": 3}, "skipped", "is false"),
    "x > 'a'": ({"x": 3}, "failed", "condition `{{ x > 'a' }}` cannot be evaluated: '>' not supported"),
    "x[5] == 1": ({"x": [1]}, "failed", "cannot be evaluated"),
    "x ** 10000 == 1": ({"x": 10}, "failed", "the number is too large"),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_starts_skips_or_fails_and_names_itself(condition: str) -> None:
    params, status, said = CONDITIONS[condition]
    world = World().take(*plan(dag(a=Op(condition=condition, params=params))))
    event = last(world, "a")
    assert event.status == status
    assert said in event.message
    assert event.reason == {"skipped": "ConditionFalse", "failed": "ConditionInvalid"}.get(status, "")


def test_a_condition_sees_the_outputs_of_upstreams_falsy_ones_too() -> None:
    graph = dag(a="", b=Op(outputs={"n": "a.n"}, condition="n == 0"))
    world = World().take(*plan(graph))
    world.take(report(world.launch("a"), OK, outputs={"n": 0}))
    assert world.story()[-1] == "launch b#0"


def test_a_skip_for_a_missing_output_says_which_one_and_whose() -> None:
    world = World().take(*plan(dag(a=NO, b=Op(outputs={"x": "a.loss"}))))
    event = last(world, "b")
    assert (event.status, event.reason) == (Status.SKIPPED, "UpstreamSkipped")
    assert event.message == "param 'x' needs output 'loss' of upstream 'a', which was skipped"


def test_what_stands_in_a_nested_dag_is_skipped_for_an_output_from_outside() -> None:
    inner = dag(x="")
    world = World()
    begun, part, ended = plan(dag(a=NO, n=Op("a", inner=inner)))
    needs = [{"name": "v", "source": {"operation": 0, "output": "loss"}}]
    operations = [op.model_dump() for op in part.operations]
    operations[2]["params"] = needs
    world.take(begun, type(part).model_validate({**part.model_dump(), "operations": operations}), ended)
    assert world.story() == ["a skipped", "n.x skipped", "n succeeded", "run succeeded"]


RUN_CONDITIONS = {
    "false": ("x > 1", Status.SKIPPED, "ConditionFalse", Status.SKIPPED),
    "not evaluable": ("x > 'a'", Status.FAILED, "ConditionInvalid", Status.UPSTREAM_FAILED),
}


@pytest.mark.parametrize("name", RUN_CONDITIONS)
def test_a_run_whose_condition_is_not_true_starts_nothing(name: str) -> None:
    text, status, reason, rest = RUN_CONDITIONS[name]
    condition = PlannedCondition(text=f"{{{{ {text} }}}}", params=(PlannedParam(name="x", value=0),))
    world = World(deliveries=2)
    for message in plan(dag(a="", b="a", n=Op(inner=dag(y=""))), condition=condition):
        world.take(message, message)
    end = world.of(RunChanged)[-1]
    assert (end.status, end.reason) == (status, reason)
    assert {event.status for event in world.of(OperationChanged)} == {rest}
    assert not world.launches()
    assert [event.status for event in world.of(RunChanged)] == [Status.CREATED, status]


def test_a_run_whose_condition_is_true_runs() -> None:
    condition = PlannedCondition(text="{{ x }}", params=(PlannedParam(name="x", value=True),))
    world = World().take(*plan(dag(a=""), condition=condition))
    world.take(report(world.launch("a"), OK))
    assert world.story()[-1] == "run succeeded"
    assert {key.rpartition("/")[2] for key, _ in world.rows.items()} == {"stub"}

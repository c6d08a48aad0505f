"""Metric policies, as the planner sees them: they are declared, see outputs, and what they stop has succeeded."""

import pytest

from polyflow_services.planner.core import decide
from polyflow_topics.commands import LaunchOperation
from polyflow_topics.events import OperationChanged
from polyflow_topics.metrics import MetricPolicy, OutputsMeasured, PoliciesClosed, PoliciesDeclared
from tests.unit.planner.plan_builder import START, Op, dag, plan, report, stop
from tests.unit.planner.resumed import going_on
from tests.unit.planner.world import World

LOSS = MetricPolicy(scope="", metric="loss", value=0.1, optimization="minimize")
OK = "succeeded"


def test_a_metric_policy_ends_a_nested_scope_as_succeeded_and_the_rest_goes_on() -> None:
    world = World().take(*plan(dag(n=Op(inner=dag(x="", y="")), z="n")), stop("n", by_policy=True))
    for name in ("n.x", "n.y"):
        world.take(report(world.launch(name), "stopped"))
    assert world.story()[-4:] == ["n.x stopped", "n.y stopped", "n succeeded", "launch z#0"]
    stopped = [event for event in world.of(OperationChanged) if event.status == "stopped"]
    assert {event.reason for event in stopped} == {"MetricEarlyStopping"}


def test_metric_policies_are_declared_a_round_before_the_first_launch() -> None:
    world = World()
    *parts, ended = plan(dag(a=""), policies=[LOSS])
    world.take(*parts)
    decision = decide(world.rows, ended, START)
    assert [type(message) for message in decision.messages][1] is PoliciesDeclared
    assert not any(isinstance(message, LaunchOperation) for message in decision.messages)
    world.take(ended)
    world.take(report(world.launch("a"), OK))
    assert world.of(PoliciesClosed)


@pytest.mark.parametrize(("policies", "seen"), [([LOSS], [{"loss": 0.05, "epochs": 3, "zero": 0}]), ([], [])])
def test_policies_see_the_numbers_that_an_operation_has_ended_with(policies, seen) -> None:
    outputs = {"loss": 0.05, "epochs": 3, "zero": 0, "done": True, "name": "x", "all": [1], "vast": 10**400}
    world = World().take(*plan(dag(a="", b=""), policies=policies))
    world.take(report(world.launch("a"), OK, outputs=outputs), report(world.launch("b"), OK))
    assert [(message.operation, message.values) for message in world.of(OutputsMeasured)] == [
        ("a", numbers) for numbers in seen
    ]


def test_what_a_resumed_run_keeps_is_seen_no_second_time() -> None:
    world = World().take(*plan(dag(a="", b=""), policies=[LOSS]))
    world.take(report(world.launch("a"), OK, outputs={"x": 0}), report(world.launch("b"), "failed"))
    begun, *rest = going_on(dag(a="", b=""), {"a"})
    world.take(begun.model_copy(update={"policies": (LOSS,)}), *rest)
    world.take(report(world.launch("b"), OK, outputs={"x": 1}))
    seen = [(message.operation, message.values) for message in world.of(OutputsMeasured)]
    assert seen == [("a", {"x": 0}), ("b", {"x": 1})]

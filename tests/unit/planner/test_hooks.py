"""Hooks: what follows the end of a run or of an operation, exactly once."""

import dataclasses
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow_services.planner.ends.hooks import SOURCE
from polyflow_services.planner.rows import state
from polyflow_shared.language.expressions.conditions import template
from polyflow_topics.events import OperationChanged, RequestRejected, RunChanged
from polyflow_topics.hooks import HookRequested, HookSkipped, PlannedHook
from polyflow_topics.message import Message
from polyflow_topics.names import THE_RUN, operation_id, run_id
from polyflow_topics.origins import Origin
from polyflow_topics.plan import PlanBegun, PlanPart
from polyflow_topics.requests import RequestPipeline
from polyflow_topics.status import Status
from tests.unit.planner.faulty_world import FaultyWorld
from tests.unit.planner.plan_builder import RUN, Dag, Op, dag, plan, report, stop
from tests.unit.planner.test_properties import dags
from tests.unit.planner.world import World

RUNS_AND = (THE_RUN, 0)


def hook(owner: int = THE_RUN, place: int = 0, **about) -> PlannedHook:
    about = {"specification": {"hubRef": "say"}, **about}
    if about.get("condition"):
        about["condition"] = template(about["condition"])
    return PlannedHook(owner=owner, place=place, **about)


def hooked(messages: Sequence[Message], hooks: Sequence[PlannedHook]) -> list[Message]:
    """Return a plan with hooks, all in its first part."""
    of_run = sum(one.owner == THE_RUN for one in hooks)
    first = next(place for place, one in enumerate(messages) if isinstance(one, PlanPart))
    made = list(messages)
    made[first] = made[first].model_copy(update={"hooks": tuple(hooks)})
    return [one.model_copy(update={"hooks": of_run}) if isinstance(one, PlanBegun) else one for one in made]


def ended(world: World, operation: str = "a", status: str = "succeeded", **more) -> World:
    return world.take(
        report(world.launch(operation), "running"), report(world.launch(operation), status, **more)
    )


def begun(*hooks: PlannedHook, graph: Dag | None = None) -> World:
    return World().take(*hooked(plan(graph or dag(a="")), hooks))


TRIGGERS = {
    "each end": (None, "succeeded", True),
    "a success": ("succeeded", "succeeded", True),
    "a failure, which it was not": ("failed", "succeeded", False),
    "a failure": ("failed", "failed", True),
    "a stop, which it was not": ("stopped", "failed", False),
}


@pytest.mark.parametrize("owner", RUNS_AND)
@pytest.mark.parametrize(("trigger", "status", "asked"), TRIGGERS.values(), ids=TRIGGERS)
def test_a_hook_is_for_a_status(owner, trigger, status, asked):
    world = ended(begun(hook(owner, trigger=trigger)), status=status)
    assert len(world.of(RequestPipeline)) == len(world.of(HookRequested)) == asked
    assert [one.reason for one in world.of(HookSkipped)] == ([] if asked else ["TriggerNotMet"])


CONDITIONS = {
    "an output": ("outputs.loss > 0.1", True),
    "an output that is not so": ("outputs.loss > 1", False),
    "the status": ("status == 'succeeded'", True),
    "a global": ("globals.project_name == 'default'", True),
    "how long it took": ("duration >= 0 and wait_time >= 0", True),
}


@pytest.mark.parametrize(("condition", "asked"), CONDITIONS.values(), ids=CONDITIONS)
def test_a_hook_may_have_a_condition(condition, asked):
    world = ended(begun(hook(0, condition=condition)), outputs={"loss": 0.5})
    assert len(world.of(RequestPipeline)) == asked
    assert [one.reason for one in world.of(HookSkipped)] == ([] if asked else ["ConditionFalse"])


def test_events_tell_which_hook_they_are_about():
    hooks = hook(0), hook(0, 1, trigger="failed"), hook(0, 2, trigger="succeeded")
    told = ended(begun(*hooks)).of(HookRequested, HookSkipped)
    assert [(type(one), one.place, one.trigger) for one in told] == [
        (HookRequested, 0, None),
        (HookSkipped, 1, "failed"),
        (HookRequested, 2, "succeeded"),
    ]


def test_a_condition_without_an_answer_is_told_twice_and_starts_nothing():
    world = ended(begun(hook(condition="outputs.none > 1")))
    (refused,), (skipped,) = world.of(RequestRejected), world.of(HookSkipped)
    assert skipped.reason == "ConditionInvalid"
    assert (skipped.hook, skipped.message) == (refused.run, refused.problems[0].message)
    assert refused.origin == Origin(run=RUN, kind="hook")
    assert world.of(RequestPipeline) == []
    assert world.story()[-1] == "run succeeded"


def test_the_request_has_what_is_known_of_the_end():
    world = begun(hook(0, specification={"hubRef": "say", "params": {"word": {"value": 1}}}))
    ended(world.later(seconds=7), status="failed")
    (request,) = world.of(RequestPipeline)
    params = {name: one["value"] for name, one in request.specification["params"].items()}
    assert (params["name"], params["status"], params["uuid"], params["word"]) == ("a", "failed", RUN, 1)
    assert (params["wait_time"], params["duration"]) == (7.0, 0.0)
    assert (params["condition"]["run"], params["condition"]["operation"]) == ("test", "a")
    (event,) = world.of(HookRequested)
    assert event.hook == run_id(SOURCE, request.request)
    assert (event.operation, event.status, event.hub) == ("a", Status.FAILED, "say")


def test_without_the_defaults_only_its_own_params_are_left():
    own = {"word": {"value": 0}}
    world = ended(begun(hook(defaults=False, specification={"hubRef": "say", "params": own})))
    assert world.of(RequestPipeline)[0].specification["params"] == own


INNER = dag(b="")
READ = {
    "an operation beside": (1, dag(a="", c=""), "c", "a", "a"),
    "one in the DAG that has ended": (0, dag(d=Op(inner=INNER)), "d", "b", "d.b"),
    "one beside, in a nested DAG": (1, dag(d=Op(inner=dag(b="", c=""))), "d.b", "c", "d.c"),
    "one of the run": (THE_RUN, dag(a="", c=""), "", "c", "c"),
}


@pytest.mark.parametrize(("owner", "graph", "of", "name", "meant"), READ.values(), ids=READ)
def test_a_param_may_read_another_operation(owner, graph, of, name, meant):
    read = {"word": {"ref": f"ops.{name}", "value": "outputs.x"}, "other": {"value": "ops.a"}}
    kind = "dag" if of == "d" or owner == THE_RUN else "job"
    world = begun(hook(owner, kind=kind, specification={"hubRef": "say", "params": read}), graph=graph)
    for launch in world.launches():
        world.take(report(launch, "running"), report(launch, "succeeded"))
    (request,) = world.of(RequestPipeline)
    source = operation_id(RUN, meant)
    assert request.specification["params"]["word"] == {"ref": f"runs.{source}", "value": "outputs.x"}
    assert request.specification["params"]["other"] == {"value": "ops.a"}


DAG_OF = {
    "an operation of the run": (1, dag(a="", c=""), "c", RUN),
    "a nested DAG is its own": (0, dag(d=Op(inner=INNER)), "d", operation_id(RUN, "d")),
    "one in a nested DAG": (1, dag(d=Op(inner=dag(b="", c=""))), "d.b", operation_id(RUN, "d")),
    "the run": (THE_RUN, dag(a="", c=""), "", RUN),
}


@pytest.mark.parametrize(("owner", "graph", "of", "meant"), DAG_OF.values(), ids=DAG_OF)
def test_a_param_may_read_the_dag(owner, graph, of, meant):
    read = {"word": {"ref": "dag", "value": "inputs.lr"}}
    kind = "dag" if of in {"d", ""} else "job"
    world = begun(hook(owner, kind=kind, specification={"hubRef": "say", "params": read}), graph=graph)
    for launch in world.launches():
        world.take(report(launch, "running"), report(launch, "succeeded"))
    (request,) = world.of(RequestPipeline)
    assert request.specification["params"]["word"] == {"ref": f"runs.{meant}", "value": "inputs.lr"}


@pytest.mark.parametrize(
    ("owner", "kind", "graph"),
    [
        (0, "dag", dag(d=Op(inner=INNER, params={"lr": "{{ x }}", "none": None}))),
        (1, "job", dag(d=Op(inner=INNER, params={"lr": "{{ x }}", "none": None}))),
    ],
)
def test_a_param_may_read_inputs_of_a_nested_dag(owner, kind, graph):
    read = {name: {"ref": "dag", "value": f"inputs.{name}"} for name in ("lr", "none", "other")}
    read["all"] = {"ref": "dag", "value": "inputs"}
    world = begun(hook(owner, kind=kind, specification={"hubRef": "say", "params": read}), graph=graph)
    world.take(report(world.launch("d.b"), "running"), report(world.launch("d.b"), "succeeded"))
    (request,) = world.of(RequestPipeline)
    params = request.specification["params"]
    assert params["lr"] == {"value": "{{ x }}", "contextOnly": True}
    assert params["none"] == {"value": None, "contextOnly": True}
    assert params["all"]["value"] == {"lr": "{{ x }}", "none": None}
    assert params["other"]["ref"] == f"runs.{operation_id(RUN, 'd')}"
    assert {"lr", "none", "all"} <= set(request.verbatim)
    assert "other" not in request.verbatim


def test_a_dag_that_never_began_has_no_inputs_for_hooks():
    read = {"lr": {"ref": "dag", "value": "inputs.lr"}}
    graph = dag(a="", d=Op("a", inner=INNER, params={"lr": 1}))
    world = begun(hook(2, kind="job", specification={"hubRef": "say", "params": read}), graph=graph)
    ended(world, status="failed")
    (request,) = world.of(RequestPipeline)
    assert request.specification["params"]["lr"]["ref"] == f"runs.{operation_id(RUN, 'd')}"


def test_a_retry_is_no_end():
    world = begun(hook(0), graph=dag(a=Op(retries=1)))
    ended(world, status="failed")
    assert world.of(HookRequested) == []
    ended(world, status="failed")
    assert [one.status for one in world.of(HookRequested)] == [Status.FAILED]


def test_what_a_stop_ends_has_hooks_as_well():
    world = begun(hook(), hook(0), hook(1), graph=dag(a="", b="a"))
    world.take(stop(), report(world.launch("a"), "stopped"))
    told = {one.operation: one.status for one in world.of(HookRequested)}
    assert told == {"a": Status.STOPPED, "b": Status.STOPPED, "": Status.STOPPED}


@dataclasses.dataclass
class Following(FaultyWorld):
    """A world that keeps the requests of hooks, each with how often it was sent."""

    requests: dict[str, list[RequestPipeline]] = dataclasses.field(default_factory=dict)

    def _send(self, message: Message) -> None:
        if isinstance(message, RequestPipeline):
            self.requests.setdefault(message.request, []).append(message)
        else:
            super()._send(message)


CHOICES = ("", "status == 'failed'", "wait_time < 0")


def of_all(messages: Sequence[Message], choose: Random) -> list[PlannedHook]:
    """Return hooks of any of the operations of a plan, and of the run."""
    parts = [one for one in messages if isinstance(one, PlanPart)]
    triggers = [None, Status.SUCCEEDED, Status.FAILED, Status.STOPPED, Status.UPSTREAM_FAILED]
    return [
        hook(owner, place, trigger=choose.choice(triggers), condition=choose.choice(CHOICES))
        for owner in (THE_RUN, *(op.index for part in parts for op in part.operations))
        for place in range(choose.randint(0, 2))
    ]


def wanted(one: PlannedHook, status: str) -> bool:
    holds = {"": True, template(CHOICES[1]): status == "failed"}
    return one.trigger in (None, status) and holds.get(one.condition, False)


@settings(max_examples=100, deadline=None)
@given(dags(), st.integers(0, 2**32), st.booleans())
def test_each_hook_has_its_turn_exactly_once(graph: Dag, seed: int, stopped: bool) -> None:
    rng = Random(seed)
    hooks = of_all(plan(graph), rng)
    log = hooked(plan(graph), hooks)
    world = Following(rng, [*log, stop()] if stopped else log)
    world.play()
    names = {op.index: op.name for one in log if isinstance(one, PlanPart) for op in one.operations}
    statuses = {names_of: statuses[0] for names_of, statuses in world.finals().items()}
    statuses[""] = world.ends()[0]
    expected = {}
    for one in hooks:
        operation = names.get(one.owner, "")
        if operation in statuses:
            request = f"{RUN}/0/hook/{operation or '-'}/{one.place}"
            expected[request] = wanted(one, statuses[operation])
    assert {name for name, asked in expected.items() if asked} == world.requests.keys()
    for sent in world.requests.values():
        assert all(one == sent[0] for one in sent)
    told = [one for one in world.events.values() if isinstance(one, HookRequested | HookSkipped)]
    assert sorted(one.hook for one in told if isinstance(one, HookRequested)) == sorted(
        run_id(SOURCE, request) for request in world.requests
    )
    assert len(told) == len(expected)
    rows = [key for key, _ in world.rows.items() if "/hook/" in key]
    assert rows == []


def test_the_events_are_in_order_with_the_ends_that_they_follow():
    world = ended(begun(hook(), hook(0)))
    ends = [one for one in world.said if isinstance(one, OperationChanged | RunChanged | HookRequested)]
    words = [
        f"hook {one.operation}" if isinstance(one, HookRequested) else one.status
        for one in ends
        if isinstance(one, HookRequested) or state.final(one.status)
    ]
    assert words == ["succeeded", "hook a", "hook ", "succeeded"]
    sequences = [one.sequence for one in ends]
    assert sequences == sorted(set(sequences))


def test_what_looks_like_a_template_is_sent_as_a_value():
    world = ended(begun(hook(0)), outputs={"text": "{{ globals.name }}"})
    (request,) = world.of(RequestPipeline)
    assert request.specification["params"]["outputs"]["value"] == {"text": "{{ globals.name }}"}
    assert "outputs" in request.verbatim

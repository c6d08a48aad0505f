"""Events that operations wait for: their edges in the plan, and what of them is refused."""

import json

import pytest

from tests.unit.spec_validator.requests import ask, plan, problems

RUN = {"kind": "job", "container": {"command": ["a"]}}


def events(*kinds, ref="ops.a"):
    return {"kinds": [f"run_status_{kind}" for kind in kinds], "ref": ref}


def dag(**operations):
    listed = [
        {"name": name, **more} if "component" in more else {"name": name, "run": RUN, **more}
        for name, more in operations.items()
    ]
    return ask(json.dumps({"run": {"kind": "dag", "operations": listed}}))


def edges(messages):
    """Return all edges but those of opening: source, group, events, targets."""
    every = [edge for part in messages[1:-1] for edge in part.edges if not edge.opening]
    return [(edge.source, edge.group, edge.events, edge.targets) for edge in every]


def test_those_that_wait_for_the_same_events_are_a_group():
    messages = dag(
        a={},
        b={"events": [events("running")]},
        c={"events": [events("failed", "retrying")]},
        d={"events": [events("retrying"), events("failed")]},
        e={"dependencies": ["a"], "events": [events("running")]},
    )
    _, operations, *_ = plan(messages)
    assert edges(messages) == [
        (0, None, (), (4,)),
        (0, 0, ("retrying", "failed"), (2, 3)),
        (0, 1, ("running",), (1, 4)),
    ]
    assert {name: operation.upstreams for name, operation in operations.items()} == {
        "a": 0, "b": 1, "c": 1, "d": 1, "e": 2,
    }  # fmt: skip
    (awaited,) = operations["e"].awaits
    assert (awaited.operation, awaited.events) == (0, ("running",))


def test_what_nobody_tells_of_is_left_out_beside_what_happens():
    assert edges(dag(a={}, b={"events": [events("created", "done")]})) == [(0, 0, ("done",), (1,))]


def test_the_builder_waits_for_events_in_place_of_the_operation():
    builder = "inputs: [{name: destination, type: str}]\nrun: {kind: job, container: {command: [b]}}"
    build = {"hubRef": "kaniko", "params": {"destination": {"value": "repo/app:1"}}}
    text = json.dumps(
        {
            "run": {
                "kind": "dag",
                "operations": [
                    {"name": "a", "run": RUN},
                    {"name": "b", "run": RUN, "build": build, "events": [events("running")]},
                ],
            }
        }
    )
    messages = ask(text, references=[{"name": "hubRef kaniko:latest", "text": builder}])
    _, operations, *_ = plan(messages)
    builds = operations["b-build"]
    assert edges(messages) == [
        (0, 0, ("running",), (builds.index,)),
        (builds.index, None, (), (operations["b"].index,)),
    ]
    assert (builds.builds, operations["b"].builds) == (operations["b"].index, None)


def test_in_each_trial_of_a_matrix_events_are_those_of_the_same_trial():
    values = {"kind": "mapping", "values": [{"x": 1}, {"x": 2}]}
    listed = [{"name": "a", "run": RUN}, {"name": "b", "run": RUN, "events": [events("running")]}]
    inner = {"inputs": [{"name": "x", "type": "int"}], "run": {"kind": "dag", "operations": listed}}
    messages = dag(search={"matrix": values, "component": inner})
    _, operations, *_ = plan(messages)
    pairs = [
        (operations[f"search.{trial}.a"].index, (operations[f"search.{trial}.b"].index,)) for trial in (0, 1)
    ]
    assert [(source, targets) for source, _, awaited, targets in edges(messages) if awaited] == pairs
    assert operations["search.1.b"].awaits[0].operation == operations["search.1.a"].index


REFUSED = {
    "a status that is not told apart": (events("starting"), "kinds[0]", "did you mean `run_status_running`?"),
    "another kind": ({"kinds": ["alert_info"], "ref": "ops.a"}, "kinds[0]", "operations can wait for"),
    "a run": (events("done", ref="runs.2f0c1d2e"), "ref", "write `ref: ops.NAME`"),
    "a template for kinds": ({"kinds": "{{ k }}", "ref": "ops.a"}, "kinds", ""),
}


@pytest.mark.parametrize(("event", "path", "hint"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_seen_is_refused_by_name(event, path, hint):
    (problem,) = problems(dag(a={}, b={"events": [event]}))
    assert (problem.code, problem.path) == ("PF2005", f"run.operations[1].events[0].{path}")
    assert problem.hint.startswith(hint)


def test_an_operation_that_is_not_there_is_named():
    (problem,) = problems(dag(a={}, b={"events": [events("running", ref="ops.aa")]}))
    assert (problem.path, problem.hint) == ("run.operations[1].events[0].ref", "did you mean `a`?")


def test_a_run_waits_for_no_events():
    (problem,) = problems(ask(json.dumps({"run": RUN, "events": [events("done")]})))
    assert (problem.code, problem.path) == ("PF2005", "events")

"""Requests that are made from requests of earlier runs."""

import json

import pytest

from polyflow.again.earlier import Changes, NotRepeatableError, fields_of, lineage, of_view
from polyflow_shared.read_model.views import OperationView, RunView
from polyflow_topics.events import Problem

BODY = {
    "specification": "run: {kind: job}",
    "params": {"lr": 0.1, "epochs": 3},
    "overlays": [{"name": "a.yaml", "text": "a"}],
    "references": [{"name": "pathRef x", "text": "x"}],
    "presets": ["small"],
    "file": "p.yaml",
    "project": "vision",
    "origin": {"run": "older", "kind": "restart"},
}


def operation(name: str, status: str, **more) -> OperationView:
    return OperationView(index=0, name=name, status=status, definition=f"d-{name}", **more)


def view(**more) -> RunView:
    listed = [operation("a", "succeeded", outputs={"x": 0}), operation("b", "failed"), operation("c", "skipped"),
              operation("d", "succeeded", dag=True), operation("d.e", "succeeded")]  # fmt: skip
    return RunView(
        id="r", status="failed", generation=2, operations={one.name: one for one in listed}, **more
    )


def earlier(body=BODY):
    return of_view(view(), json.dumps(body))


def test_what_ended_well_is_named_with_its_outputs_and_definition():
    found = lineage(earlier(), "resume")
    assert [(one.name, one.status, one.definition) for one in found.kept] == [
        ("a", "succeeded", "d-a"),
        ("c", "skipped", "d-c"),
        ("d.e", "succeeded", "d-d.e"),
    ]
    assert found.kept[0].outputs == {"x": 0}
    assert (found.run, found.generation) == ("r", 2)


@pytest.mark.parametrize("kind", ["restart", "copy"])
def test_a_restart_and_a_copy_keep_nothing(kind):
    assert lineage(earlier(), kind).kept == ()


def test_overrides_come_after_what_was_sent_the_first_time():
    sent = {"overlays": [{"name": "b.yaml", "text": "b"}], "references": [{"name": "pathRef y", "text": "y"}]}
    fields = fields_of(
        earlier(), lineage(earlier(), "restart"), Changes({"lr": 0.5}, sent, None, {"name": "n"})
    )
    assert fields["params"] == {"lr": 0.5, "epochs": 3}
    assert [one["name"] for one in fields["overlays"]] == ["a.yaml", "b.yaml"]
    assert [one["name"] for one in fields["references"]] == ["pathRef x", "pathRef y"]
    assert (fields["specification"], fields["project"], fields["name"]) == (
        BODY["specification"],
        "vision",
        "n",
    )
    assert fields["origin"] == {"run": "r", "kind": "restart", "generation": 2}


def test_a_new_specification_takes_the_place_of_the_old_one_and_all_that_was_laid_over_it():
    fields = fields_of(
        earlier(), lineage(earlier(), "restart"), Changes({}, {"file": "q.yaml"}, "run: {}", {})
    )
    assert (fields["specification"], fields["file"], fields["params"]) == (
        "run: {}",
        "q.yaml",
        BODY["params"],
    )
    assert not {"overlays", "references", "presets"} & fields.keys()


def test_a_request_may_have_been_yaml():
    assert of_view(view(), "specification: {run: {kind: job}}\n").body == {
        "specification": {"run": {"kind": "job"}}
    }


def test_a_rerun_begins_with_an_operation_of_the_run():
    with pytest.raises(NotRepeatableError, match=r"has no operation 'x'; it has a, b, c, d, d\.e"):
        lineage(earlier(), "rerun", operation="x")


def test_what_was_refused_or_forgotten_cannot_be_repeated():
    with pytest.raises(NotRepeatableError, match="was refused"):
        of_view(view(problems=(Problem(code="PF1", message="m"),)), "{}")
    with pytest.raises(NotRepeatableError, match="not kept"):
        of_view(view(), None)

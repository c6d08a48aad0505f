"""`polyflow hub`: what is printed and kept, and the exit status."""

import json

import pytest
from click.testing import CliRunner

from polyflow.cli.files.adding import RefusedError
from polyflow.cli.files.check import check
from polyflow.cli.files.hub import HubError, hub
from tests.unit.references.servers import ok, serving

TRAIN = """kind: component
name: train
description: Trains a model.
inputs: [{name: lr, type: float}]
run: {kind: job, container: {image: i}}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POLYFLOW_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("POLYFLOW_HUB", raising=False)
    (tmp_path / "train.yaml").write_text(TRAIN)

    def invoke(*arguments, command=hub):
        done = CliRunner().invoke(command, arguments)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    return invoke


def test_an_empty_hub_says_what_to_do(run, tmp_path):
    done = run("ls")
    assert done.exit_code == 0
    assert done.stderr == f"No components in {tmp_path}/home/hub.  `polyflow hub add FILE` adds one.\n"


def test_a_folder_that_is_named_and_is_not_there_is_a_mistake(run):
    done = run("ls", "--hub", "componets")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "polyflow: hub `componets`: there is no such folder\n"


def test_a_component_is_added_listed_shown_and_found(run, tmp_path):
    done = run("add", "train.yaml")
    assert done.output == f"added: hubRef: train  ({tmp_path}/home/hub/train/latest.yaml)\n"
    assert run("ls", "--hub", "home/hub").output.splitlines() == [
        "NAME   TAG     KIND       RUNS  DESCRIPTION",
        "train  latest  component  job   Trains a model.",
    ]
    assert run("show", "train").stdout == TRAIN
    (tmp_path / "use.yaml").write_text("hubRef: train\nparams: {lr: 0.1}\n")
    assert run("use.yaml", command=check).exit_code == 0


def test_what_comes_with_polyflow_is_listed_last_and_a_hub_may_have_its_own(run, tmp_path):
    bundled = [("notify/email", "polyflow"), ("notify/slack", "polyflow"), ("notify/webhook", "polyflow")]
    run("add", "train.yaml")
    listed = json.loads(run("ls", "--format", "json").output)
    assert [(one["name"], one["hub"]) for one in listed] == [("train", f"{tmp_path}/home/hub"), *bundled]
    assert [one["runs"] for one in listed] == ["job"] * 4
    assert run("show", "notify/slack").stderr == "notify/slack:latest is in polyflow\n"
    run("add", "train.yaml", "--name", "notify/slack")
    assert run("show", "notify/slack").stdout == TRAIN


def test_name_and_tag_may_be_chosen(run):
    added = json.loads(
        run("add", "train.yaml", "--name", "acme/fit", "--tag", "v1", "--format", "json").output
    )
    assert (added["name"], added["tag"]) == ("acme/fit", "v1")
    shown = json.loads(run("show", "acme/fit:v1", "--format", "json").output)
    assert shown == {"name": "acme/fit", "tag": "v1", "hub": added["hub"], "text": TRAIN}


def test_a_component_without_a_name_has_that_of_its_file(run, tmp_path):
    (tmp_path / "fit.yaml").write_text("run: {kind: job, container: {image: i}}\n")
    assert "hubRef: fit " in run("add", "fit.yaml").output


def test_a_tag_is_kept_unless_replacing_it_is_meant(run, tmp_path):
    run("add", "train.yaml")
    (tmp_path / "train.yaml").write_text(TRAIN.replace("Trains", "Fits"))
    with pytest.raises(HubError, match=r"is in the hub already.*--tag.*--force"):
        run("add", "train.yaml")
    assert run("show", "train").stdout == TRAIN
    assert run("add", "train.yaml", "--force").exit_code == 0
    assert "Fits" in run("show", "train").stdout


def test_where_a_component_was_found_is_told_beside_it(run, tmp_path):
    run("add", "train.yaml", "--hub", "two")
    done = run("show", "train", "--hub", "one", "--hub", "two")
    assert (done.stdout, done.stderr) == (TRAIN, "train:latest is in two\n")


JOB = "run: {kind: job, container: {image: i}}"
REFUSED = {
    "a field that there is not": ("run: {kind: job}\nnaem: x\n", "a.yaml:2:1: unknown field `naem`"),
    "another kind of run": ("run: {kind: jobb}\n", "did you mean `job`?"),
    "no YAML": ("a: [", "a.yaml:1:"),
    "no map": ("- a", "a.yaml:1:1"),
    "nothing": ("", "a.yaml"),
    "operations that wait for each other": (
        f"run: {{kind: dag, operations: [{{name: a, dependencies: [a], {JOB}}}]}}", "a -> a",
    ),
    "an upstream that there is not": (
        f"run: {{kind: dag, operations: [{{name: a, dependencies: [b], {JOB}}}]}}", "no operation `b`",
    ),
    "a file that refers to itself": ("pathRef: a.yaml", "references go in a circle: pathRef a.yaml"),
    "a template that nobody can fill in": (
        f"run: {{kind: dag, operations: [{{name: a, conditions: '{{{{ globals.nothing }}}}', {JOB}}}]}}",
        "`globals.nothing` does not exist",
    ),
    "a template that cannot be read": (
        "run: {kind: job, container: {image: i, command: ['{{ 1 + }}']}}", "a.yaml:1:",
    ),
    "a reference that is none": ("hubRef: ../x", "no hub reference"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_what_never_compiles_is_not_added(run, tmp_path, text, words):
    (tmp_path / "a.yaml").write_text(text)
    done = CliRunner().invoke(hub, ["add", "a.yaml"])
    assert isinstance(done.exception, RefusedError)
    assert words in done.stderr
    assert done.stderr.endswith("1 problem; nothing was added\n")
    assert not (tmp_path / "home" / "hub").exists()


def test_an_operation_may_be_added_and_a_name_be_given_by_who_uses_it(run, tmp_path):
    (tmp_path / "a.yaml").write_text(f"kind: operation\nname: a\nconditions: '{{{{ rate }}}} > 1'\n{JOB}\n")
    assert run("add", "a.yaml").output.startswith("added: hubRef: a ")


@pytest.mark.parametrize("field", ["hubRef: later", "urlRef: https://e.org/a.yaml", "pathRef: part.yaml"])
def test_what_a_component_refers_to_may_follow_it(run, tmp_path, field):
    (tmp_path / "a.yaml").write_text(f"name: a\nparams: {{x: 1}}\n{field}\n")
    assert run("add", "a.yaml").exit_code == 0


def test_what_a_component_is_based_on_is_looked_at(run, tmp_path):
    run("add", "train.yaml")
    (tmp_path / "a.yaml").write_text("hubRef: train\nparams: {lr: slow}\n")
    done = CliRunner().invoke(hub, ["add", "a.yaml"])
    assert isinstance(done.exception, RefusedError)
    assert 'a.yaml:2:14: `lr`: "slow" is not' in done.stderr


def test_what_waits_for_its_own_references_is_added_and_files_are_told(run, tmp_path):
    (tmp_path / "flow.yaml").write_text("name: flow\npathRef: parts/a.yaml\n")
    done = run("add", "flow.yaml")
    assert f"`pathRef: parts/a.yaml` means {tmp_path}/home/hub/flow/parts/a.yaml now" in done.stderr
    (tmp_path / "out.yaml").write_text("name: out\npathRef: ../../a.yaml\n")
    assert "leaves the hub" in run("add", "out.yaml").stderr


def test_a_file_that_is_in_the_hub_already_is_not_told(run, tmp_path):
    part = tmp_path / "home" / "hub" / "flow" / "parts" / "a.yaml"
    part.parent.mkdir(parents=True)
    part.write_text(TRAIN)
    (tmp_path / "flow.yaml").write_text("name: flow\npathRef: parts/a.yaml\n")
    assert run("add", "flow.yaml").stderr == ""


@pytest.mark.parametrize("arguments", [["--name", "../x"], ["--name", "a/b/c"], ["--tag", "../x"]])
def test_a_name_never_leads_out_of_the_hub(run, tmp_path, arguments):
    with pytest.raises(HubError, match="no hub reference"):
        run("add", "train.yaml", *arguments)
    assert not (tmp_path / "home" / "hub").exists()


def test_what_is_missing_has_a_suggestion(run):
    run("add", "train.yaml")
    with pytest.raises(HubError, match=r"`trian:latest` is in no hub.*\n.*did you mean `train`\?"):
        run("show", "trian")
    with pytest.raises(HubError, match="known tags of `train`: latest"):
        run("show", "train:v2")


def test_nothing_that_is_listed_steers_a_terminal(run, tmp_path):
    (tmp_path / "a.yaml").write_text('name: a\ndescription: "\\e[31mred"\n' + JOB)
    run("add", "a.yaml")
    assert "\\x1b[31mred" in run("ls").stdout


def test_a_hub_must_have_a_name(run):
    done = run("ls", "--hub", "")
    assert (done.exit_code, "is empty" in done.stderr) == (2, True)


def test_a_file_is_no_hub(run):
    done = run("ls", "--hub", "train.yaml")
    assert (done.exit_code, done.stderr) == (1, "polyflow: hub `train.yaml` is not a folder\n")
    with pytest.raises(HubError, match="cannot be written"):
        run("add", "train.yaml", "--hub", "train.yaml")


def test_an_address_that_is_no_url_is_told(run):
    with pytest.raises(HubError, match="the address of a hub is wrong"):
        run("show", "train", "--hub", "http://[::1")
    assert run("ls", "--hub", "http://[::1").exit_code == 1


def test_several_hubs_are_listed_with_their_names(run, tmp_path):
    run("add", "train.yaml", "--hub", "one")
    run("add", "train.yaml", "--hub", "two", "--tag", "v2")
    found = json.loads(run("ls", "--hub", "one", "--hub", "two", "--format", "json").output)
    assert [(entry["hub"], entry["name"], entry["tag"]) for entry in found] == [
        ("one", "train", "latest"),
        ("two", "train", "v2"),
    ]
    assert "HUB" in run("ls", "--hub", "one", "--hub", "two").output


def test_hubs_of_the_environment_are_used(run, tmp_path, monkeypatch):
    monkeypatch.setenv("POLYFLOW_HUB", "one,two")
    run("add", "train.yaml")
    assert (tmp_path / "one" / "train" / "latest.yaml").exists()
    assert run("show", "train").stdout == TRAIN


def test_a_component_that_cannot_be_read_is_listed_with_the_reason(run, tmp_path):
    run("add", "train.yaml")
    (tmp_path / "home" / "hub" / "train" / "bad.yaml").write_text("a: [")
    (tmp_path / "home" / "hub" / "train" / "latin.yaml").write_bytes(b"\xff")
    problems = {entry["tag"]: entry["problem"] for entry in json.loads(run("ls", "--format", "json").output)}
    assert problems["latest"] == ""
    assert problems["bad"]
    assert "not UTF-8" in problems["latin"]


def test_a_web_address_is_listed_and_shown_and_never_written_to(run):
    with serving(
        {"/index.json": ok(b'["train:latest"]'), "/train/latest.yaml": ok(TRAIN.encode())}
    ) as server:
        assert "Trains a model." in run("ls", "--hub", server.url).output
        assert run("show", "train", "--hub", server.url).stdout == TRAIN
        with pytest.raises(HubError, match="is not one; choose one with --hub"):
            run("add", "train.yaml", "--hub", server.url)


def test_a_hub_that_cannot_be_listed_does_not_hide_the_others(run):
    run("add", "train.yaml", "--hub", "one")
    with serving({}) as server:
        done = run("ls", "--hub", server.url, "--hub", "one")
    assert done.exit_code == 1
    assert "cannot be listed" in done.stderr
    assert "Trains a model." in done.stdout

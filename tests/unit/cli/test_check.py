"""`polyflow check` and `polyflow plan`: what is printed, and the exit status."""

import json

import pytest
from click.testing import CliRunner

from polyflow.cli.check import check
from polyflow.cli.plan import plan

GOOD = "run: {kind: dag, operations: [{name: a, run: {kind: job, container: {image: i}}}]}"
BAD = """run:
  kind: dag
  operations:
  - name: a
    dependencies: [b]
    run: {kind: jobb}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POLYFLOW_HOME", str(tmp_path / "home"))
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(BAD)

    def invoke(command, *arguments, **more):
        return CliRunner().invoke(command, arguments, **more)

    return invoke


def test_a_good_file_is_accepted(run):
    done = run(check, "good.yaml")
    assert (done.exit_code, done.output) == (0, "1 file: 1 accepted, 0 rejected\n")


def test_problems_are_shown_with_their_lines_and_suggestions(run):
    done = run(check, "bad.yaml")
    assert done.exit_code == 1
    assert "bad.yaml:6:17: there is no kind `jobb`" in done.output
    assert "    6 |     run: {kind: jobb}" in done.output
    assert "  hint: did you mean `job`?" in done.output
    assert "bad.yaml:5:20: there is no operation `b` in this DAG" in done.output
    assert done.output.endswith("1 file: 0 accepted, 1 rejected\n")


def test_json_is_one_object_a_file_and_line(run):
    done = run(check, "good.yaml", "bad.yaml", "gone.yaml", "--format", "json")
    good, bad, gone = map(json.loads, done.output.splitlines())
    assert done.exit_code == 1
    assert good == {
        "file": "good.yaml", "schema": "accept", "compile": "accept", "run_ready": "accept",
        "upstream": {"a": []}, "errors": [], "warnings": [],
    }  # fmt: skip
    assert (bad["schema"], bad["compile"], bad["run_ready"]) == ("reject", "n/a", "n/a")
    assert {error["code"] for error in bad["errors"]} == {"PF2004", "PF3007"}
    assert gone["errors"][0]["message"] == "no such file or directory"


def test_sarif_is_valid_where_it_matters(run):
    log = json.loads(run(check, "good.yaml", "bad.yaml", "--format", "sarif").output)
    (only,) = log["runs"]
    rules = {rule["id"] for rule in only["tool"]["driver"]["rules"]}
    assert log["version"] == "2.1.0"
    assert {result["ruleId"] for result in only["results"]} <= rules
    region = only["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 5, "startColumn": 20}
    assert all(rule["fullDescription"]["text"] for rule in only["tool"]["driver"]["rules"])


def test_standard_input_has_a_name(run):
    done = run(check, "--stdin", "--stdin-name", "mine.yaml", input="a: [")
    assert done.output.startswith("mine.yaml:1:4: ")


def test_a_folder_stands_for_its_files(run):
    assert run(check, ".").output.endswith("2 files: 1 accepted, 1 rejected\n")


def test_values_and_layers_are_part_of_the_check(run, tmp_path):
    (tmp_path / "needs.yaml").write_text(f"inputs: [{{name: x, type: int}}]\n{GOOD}")
    (tmp_path / "home" / "presets").mkdir(parents=True)
    (tmp_path / "home" / "presets" / "slow.yaml").write_text("termination: {maxRetries: -1}")
    assert json.loads(run(check, "needs.yaml", "--format", "json").output)["run_ready"] == "reject"
    assert run(check, "needs.yaml", "-P", "x=1").exit_code == 0
    assert '`x`: "a" is not an `int`' in run(check, "needs.yaml", "-P", "x=a").output
    assert "preset slow:1:27: `maxRetries` is below 0" in run(check, "good.yaml", "--presets", "slow").output


def test_references_are_followed_and_urls_are_not(run, tmp_path):
    (tmp_path / "ref.yaml").write_text("pathRef: parts/base.yaml")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "base.yaml").write_text("run: {kind: job, container: {imag: i}}")
    done = run(check, "ref.yaml")
    assert "parts/base.yaml:1:30: unknown field `imag`" in done.output
    (tmp_path / "url.yaml").write_text("urlRef: https://example.com/a.yaml")
    done = run(check, "url.yaml")
    assert done.exit_code == 0
    assert "this check is offline" in done.output


def test_nothing_to_check_is_a_mistake_of_the_command(run):
    assert run(check).exit_code == 2


def test_a_plan_of_a_rejected_file_says_why(run):
    done = run(plan, "bad.yaml")
    assert done.exit_code == 1
    assert "there is no kind `jobb`" in done.output


def test_durations_are_of_operations_that_there_are(run):
    assert run(plan, "good.yaml", "--duration", "a=2").exit_code == 0
    assert "there is no operation 'b'" in run(plan, "good.yaml", "--duration", "b=2").output
    assert run(plan, "good.yaml", "--duration", "a=0").exit_code == 2


def test_the_plan_as_json_has_the_schedule(run):
    shown = json.loads(run(plan, "good.yaml", "--format", "json").output)
    assert shown["schedule"] == {"0": {"start": 0.0, "end": 1.0}}

"""`polyflow check`, `polyflow plan` and `polyflow schema`: what is printed, and the exit status."""

import json

import pytest
from click.testing import CliRunner

from polyflow.cli.files import sarif
from polyflow.cli.files.check import check
from polyflow.cli.files.plan import plan
from polyflow.cli.files.schema import schema
from polyflow_shared.language.codes import Code

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


def sarif_of(run, *files):
    log = json.loads(run(check, *files, "--format", "sarif").output)
    (only,) = log["runs"]
    return log["version"], only["tool"]["driver"]["rules"], only["results"]


def test_sarif_says_what_is_wrong_where_and_by_which_rule(run):
    version, rules, results = sarif_of(run, "good.yaml", "bad.yaml")
    assert version == "2.1.0"
    assert [(rules[result["ruleIndex"]]["id"], result["level"]) for result in results] == [
        ("PF3007", "error"),
        ("PF2004", "error"),
    ]
    assert results[0] == {
        "ruleId": "PF3007",
        "ruleIndex": results[0]["ruleIndex"],
        "level": "error",
        "message": {"text": "there is no operation `b` in this DAG"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "bad.yaml"},
                    "region": {"startLine": 5, "startColumn": 20},
                },
                "logicalLocations": [{"fullyQualifiedName": "run.operations[0].dependencies[0]"}],
            }
        ],
    }


def test_files_are_uris_in_sarif(run, tmp_path):
    (tmp_path / "mine, all.yaml").write_text("a: [")
    _, _, results = sarif_of(run, "mine, all.yaml", str(tmp_path / "bad.yaml"))
    places = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results]
    assert places[:2] == ["mine%2C%20all.yaml", f"file://{tmp_path}/bad.yaml"]


def test_a_value_of_the_command_line_belongs_to_the_file_and_to_no_line_in_sarif(run):
    done = run(check, "good.yaml", "-P", "x=1", "--strict-params", "--format", "sarif")
    ((result,),) = [one["results"] for one in json.loads(done.output)["runs"]]
    (location,) = result["locations"]
    assert location["physicalLocation"] == {"artifactLocation": {"uri": "good.yaml"}}
    assert location["logicalLocations"] == [{"fullyQualifiedName": "params.x"}]


def test_every_code_has_its_text(run):
    _, rules, _ = sarif_of(run, "good.yaml")
    assert [rule["id"] for rule in rules] == [code.value for code in Code]
    assert sarif.descriptions().keys() == set(Code.__members__)


def test_standard_input_has_a_name(run):
    done = run(check, "--stdin", "--stdin-name", "mine.yaml", input="a: [")
    assert done.output.startswith("mine.yaml:1:4: ")


def test_a_folder_stands_for_its_files(run):
    assert run(check, ".").output.endswith("2 files: 1 accepted, 1 rejected\n")


def test_a_link_in_a_folder_that_leads_nowhere_is_no_file_that_is_accepted(run, tmp_path):
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "good.yaml").write_text(GOOD)
    (tmp_path / "links" / "gone.yaml").symlink_to("nowhere.yaml")
    done = run(check, "links")
    assert "links/gone.yaml:1:1: no such file or directory [PF1017]" in done.output
    assert (done.exit_code, done.output.endswith("2 files: 1 accepted, 1 rejected\n")) == (1, True)


def test_a_folder_without_files_is_a_mistake(run, tmp_path):
    (tmp_path / "empty" / ".hidden").mkdir(parents=True)
    (tmp_path / "empty" / ".hidden" / "a.yaml").write_text(GOOD)
    done = run(check, "good.yaml", "empty")
    assert (done.exit_code, "there is no *.yaml or *.yml in empty" in done.output) == (2, True)


def test_warnings_and_notes_are_counted_apart(run, tmp_path):
    (tmp_path / "later.yaml").write_text(
        "run: {kind: service, container: {image: i}}\nschedule: {kind: interval, frequency: 60}"
    )
    assert run(check, "later.yaml").output.endswith("1 file: 1 accepted, 0 rejected; 2 notes\n")


def test_the_line_of_another_file_is_shown(run, tmp_path):
    (tmp_path / "layer.yaml").write_text("termination: {maxRetrys: 1}")
    done = run(check, "good.yaml", "-f", "layer.yaml")
    assert done.output.splitlines()[:3] == [
        "layer.yaml:1:15: unknown field `maxRetrys` (at termination.maxRetrys) [PF2001]",
        "    1 | termination: {maxRetrys: 1}",
        "      |               ^",
    ]


SHIFTED = """\
joins:
- {query: 3}
- {query: "foo: bar"}
matrix: {kind: random, numRuns: 3, params: {x: {kind: choice, valu: 1}}}
run: {kind: job, container: {image: i}}
"""


OF_SHIFTED = {
    "the file itself": ["shifted.yaml"],
    "a file that it refers to": ["ref.yaml"],
    "a file that is laid over it": ["job.yaml", "-f", "shifted.yaml"],
}


@pytest.mark.parametrize("arguments", OF_SHIFTED.values(), ids=OF_SHIFTED)
def test_what_stands_behind_a_wrong_item_keeps_its_line_and_nothing_follows_from_the_cut(
    run, tmp_path, arguments
):
    (tmp_path / "shifted.yaml").write_text(SHIFTED)
    (tmp_path / "ref.yaml").write_text("pathRef: shifted.yaml")
    (tmp_path / "job.yaml").write_text("run: {kind: job, container: {image: i}}")
    errors = json.loads(run(check, *arguments, "--format", "json").output)["errors"]
    assert [
        (error["code"], error["file"], error["line"], error["path"].partition("joins")[2])
        for error in errors
        if error["code"] != "PF2005"
    ] == [
        ("PF2003", "shifted.yaml", 2, "[0].query"),
        ("PF6004", "shifted.yaml", 3, "[1].query"),
        ("PF2002", "shifted.yaml", 4, ""),
        ("PF2001", "shifted.yaml", 4, ""),
    ]


def test_what_is_wrong_with_an_option_has_no_place_in_a_text_that_nobody_wrote(run):
    (error,) = json.loads(run(check, "good.yaml", "-HP", "lr=unifor:[1]", "--format", "json").output)[
        "errors"
    ]
    assert (error["file"], error["line"], error["path"]) == ("-HP", None, "matrix.params.lr.kind")
    assert run(check, "good.yaml", "-HP", "lr=unifor:[1]").output.startswith("-HP: there is no kind `unifor`")


def test_a_name_that_is_no_text_is_json_all_the_same(run, tmp_path):
    name = b"\xff.yaml".decode("utf-8", "surrogateescape")
    (tmp_path / name).write_text("a: [")
    assert json.loads(run(check, name, "--format", "json").output)["file"] == name
    assert run(check, name).output.startswith("\\udcff.yaml:1:4: ")
    assert (
        sarif_of(run, name)[2][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "%FF.yaml"
    )


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


def test_a_program_gets_json_of_a_rejected_file_from_plan_too(run):
    done = run(plan, "bad.yaml", "--format", "json")
    assert done.exit_code == 1
    assert {error["code"] for error in json.loads(done.stdout)["errors"]} == {"PF2004", "PF3007"}


def test_there_is_no_plan_of_what_runs_nothing(run, tmp_path):
    (tmp_path / "preset.yaml").write_text("isPreset: true\ntermination: {maxRetries: 1}")
    done = run(plan, "preset.yaml")
    assert (done.exit_code, "preset.yaml runs nothing by itself" in done.output) == (2, True)


def test_durations_are_of_operations_that_there_are(run, tmp_path):
    (tmp_path / "nested.yaml").write_text(
        f"run: {{kind: dag, operations: [{{name: a, {GOOD.replace('a,', 'b,')}}}]}}"
    )
    assert run(plan, "good.yaml", "--duration", "a=2").exit_code == 0
    assert "there is no operation 'b'" in run(plan, "good.yaml", "--duration", "b=2").output
    assert run(plan, "good.yaml", "--duration", "a=0").exit_code == 2
    assert "is a DAG, which takes as long as" in run(plan, "nested.yaml", "--duration", "a=2").output
    assert run(plan, "nested.yaml", "--duration", "a.b=2").exit_code == 0


def test_the_plan_as_json_has_the_schedule(run):
    shown = json.loads(run(plan, "good.yaml", "--format", "json").output)
    assert shown["schedule"] == {"0": {"start": 0.0, "end": 1.0}}


def test_the_schema_is_printed_or_written(run, tmp_path):
    printed = run(schema)
    assert json.loads(printed.output)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert run(schema, "--output", "s.json").output == ""
    assert (tmp_path / "s.json").read_text() == printed.output


def test_a_schema_that_cannot_be_written_is_told(run):
    done = run(schema, "--output", "gone/s.json")
    assert (done.exit_code, done.exception.__class__) == (2, SystemExit)
    assert "gone/s.json" in done.output


def test_a_text_without_quotes_in_a_hyperparameter_is_told_to_have_them(run):
    done = run(check, "good.yaml", "-HP", "name=choice:[a,b]")
    assert done.exit_code == 2
    assert """texts are quoted, such as 'choice:["a","b"]'; it is wrong from character 2 on""" in done.output

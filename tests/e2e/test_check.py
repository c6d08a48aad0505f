"""`polyflow check`, `plan` and `schema` as a user types them: golden outputs."""

import json
import subprocess

import jsonschema

from tests.e2e.command import EXAMPLES, POLYFLOW, SOON, CommandLine

BROKEN = """\
name: nightly
run:
  kind: dag
  operations:
  - name: load
    run: {kind: job, container: {imag: python}}
  - name: train
    dependencies: [lod]
    termination: {timeout: "60"}
    run: {kind: job, container: {image: python}}
"""
SAID = """\
broken.yaml:6:34: unknown field `imag` of Container (at run.operations[0].run.container.imag) [PF2001]
    6 |     run: {kind: job, container: {imag: python}}
      |                                  ^
  hint: did you mean `image`?
broken.yaml:8:20: there is no operation `lod` in this DAG (at run.operations[1].dependencies[0]) [PF3007]
    8 |     dependencies: [lod]
      |                    ^
  hint: did you mean `load`?
broken.yaml:9:28: `timeout`: this should be an integer, not `60` (at run.operations[1].termination.timeout) [PF2003]
    9 |     termination: {timeout: "60"}
      |                            ^
  hint: write it without quotes
1 file: 0 accepted, 1 rejected
"""
PLANNED = """\
nested
├─ split (job of step)
├─ fold-1 (dag of fold), 1 at once  ← split
│  ├─ train (job of step)
│  └─ test (job of step)  ← train
├─ fold-2 (dag of fold), 1 at once  ← split
│  ├─ train (job of step)
│  └─ test (job of step)  ← train
└─ summary (job of step)  ← fold-1, fold-2

order of execution
  1. split
  2. fold-1, fold-2
  3. summary
  in fold-1
    1. train
    2. test
  in fold-2
    1. train
    2. test

simulated schedule, if everything that starts succeeds
  split         ███████████████                                               0 to 1
  fold-1                       ──────────────────────────────                 1 to 3
  fold-1.train                 ███████████████                                1 to 2
  fold-2                       ──────────────────────────────                 1 to 3
  fold-2.train                 ███████████████                                1 to 2
  fold-1.test                                 ███████████████                 2 to 3
  fold-2.test                                 ███████████████                 2 to 3
  summary                                                    ███████████████  3 to 4
  8 operations, 4 units of time
"""


def test_everything_that_is_wrong_is_said_at_once(polyflow: CommandLine) -> None:
    polyflow.file(BROKEN, "broken.yaml")
    done = polyflow("check", "broken.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (1, SAID, "")


def test_the_examples_are_accepted_in_one_go(polyflow: CommandLine) -> None:
    whole = [path for path in sorted(EXAMPLES.rglob("*.yaml")) if path.parent.name != "parts"]
    done = polyflow("check", *whole, "--format", "json")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stdout
    assert [one["file"] for one in answers] == [str(path) for path in whole]
    assert {(one["schema"], one["compile"], one["run_ready"]) for one in answers} == {("accept",) * 3}
    (nested,) = [one for one in answers if one["file"].endswith("03_nested.yaml")]
    assert nested["upstream"] == {
        "split": [], "fold-1": ["split"], "fold-2": ["split"], "summary": ["fold-1", "fold-2"],
    }  # fmt: skip


def test_what_comes_on_standard_input_is_checked(polyflow: CommandLine) -> None:
    done = subprocess.run(
        [POLYFLOW, "check", "--stdin", "--stdin-name", "broken.yaml"],
        input=BROKEN, env=polyflow.environment, capture_output=True, text=True, timeout=SOON, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, SAID)


def test_a_component_without_its_values_is_right_and_not_ready_to_run(polyflow: CommandLine) -> None:
    part = EXAMPLES / "parts" / "greet.yaml"
    (answer,) = map(json.loads, polyflow("check", part, "--format", "json").stdout.splitlines())
    assert (answer["schema"], answer["compile"], answer["run_ready"]) == ("accept", "accept", "reject")
    assert polyflow("check", part, "-P", "who=Ann").returncode == 0


def test_what_cannot_be_read_is_a_rejected_file_with_its_reason(polyflow: CommandLine) -> None:
    (polyflow.folder / "bytes.yaml").write_bytes(b"a: \xff")
    done = polyflow("check", "gone.yaml", "bytes.yaml")
    assert done.returncode == 1
    assert "gone.yaml:1:1: no such file or directory" in done.stdout
    assert "bytes.yaml:1:4: byte 0xff is not UTF-8" in done.stdout
    assert done.stdout.endswith("2 files: 0 accepted, 2 rejected\n")
    assert "Traceback" not in done.stdout + done.stderr


def test_sarif_is_one_log_over_all_files(polyflow: CommandLine) -> None:
    polyflow.file(BROKEN, "broken.yaml")
    done = polyflow("check", "broken.yaml", EXAMPLES / "01_hello.yaml", "--format", "sarif")
    (only,) = json.loads(done.stdout)["runs"]
    assert done.returncode == 1
    assert [one["ruleId"] for one in only["results"]] == ["PF2001", "PF3007", "PF2003"]


def test_a_plan_is_a_tree_an_order_and_a_schedule(polyflow: CommandLine) -> None:
    done = polyflow("plan", EXAMPLES / "03_nested.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (0, PLANNED, "")


def test_a_plan_of_a_rejected_file_is_what_a_check_says(polyflow: CommandLine) -> None:
    polyflow.file(BROKEN, "broken.yaml")
    done = polyflow("plan", "broken.yaml", "--format", "mermaid")
    problems = SAID.rpartition("1 file")[0]
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{problems}3 problems; there is no plan\n"


def test_the_schema_marks_what_the_check_refuses(polyflow: CommandLine) -> None:
    schema = json.loads(polyflow("schema").stdout)
    wrong = {"run": {"kind": "job", "container": {"image": "i"}, "termination": {}}}
    assert not jsonschema.Draft202012Validator(schema).is_valid(wrong)
    assert polyflow("check", polyflow.file(json.dumps(wrong))).returncode == 1
    wrong["run"].pop("termination")
    assert jsonschema.Draft202012Validator(schema).is_valid(wrong)
    assert polyflow("check", polyflow.file(json.dumps(wrong))).returncode == 0

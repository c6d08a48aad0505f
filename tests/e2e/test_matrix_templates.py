"""Templates in matrices, as a user types them: each test is named after a row of the list of features."""

from tests.e2e.command import CommandLine
from tests.e2e.test_matrices import trials

TEMPLATES = """name: train
inputs:
- {name: n, type: int, value: 4, isOptional: true}
- {name: rates, type: list, value: [0.1, 0.2, 0.3]}
- {name: x, type: any}
matrix:
  kind: random
  numRuns: "{{ n }}"
  seed: "{{ n }}"
  concurrency: "{{ n }}"
  params: {x: {kind: choice, value: "{{ rates }}"}}
run: {kind: job, container: {command: [sh, -c, 'true']}}
"""


def test_row_79_templates_over_what_is_known_before_the_run(polyflow: CommandLine) -> None:
    file = polyflow.file(TEMPLATES)
    assert polyflow("check", file, "-P", "n=2").returncode == 0
    assert sorted(trials(polyflow.json("run", file))) == [0.1, 0.2, 0.3]
    drawn = polyflow.json("run", file, "-P", "n=2")
    written = TEMPLATES.replace('"{{ n }}"', "2").replace('"{{ rates }}"', "[0.1, 0.2, 0.3]")
    assert trials(drawn) == trials(polyflow.json("run", polyflow.file(written, "written.yaml"), "-P", "n=2"))
    again = polyflow.json("rerun", drawn["id"], "--from", "train.1")
    assert trials(again) == trials(drawn)
    assert [again["operations"][f"train.{trial}"]["reason"] for trial in (0, 1)] == ["Kept", ""]
    assert "train (job, random: 2 trials, 2 at once)" in polyflow("plan", file, "-P", "n=2").stdout
    named = polyflow.json("run", file, "-HP", "x=choice:{{ rates }}", "-P", "rates=[7, 8]")
    assert trials(named) == [7, 8]


def test_row_79_templates_without_a_fitting_value_are_refused(polyflow: CommandLine) -> None:
    file = polyflow.file(TEMPLATES)
    refused = polyflow("run", file, "-P", "n=0")
    assert refused.returncode == 2
    said = (
        f"{file}:8:12: `numRuns`: this should be greater than 0, not `0`; `{{{{ n }}}}` is filled in with 0"
    )
    assert said in refused.stderr
    late = polyflow(
        "run", polyflow.file(TEMPLATES.replace('numRuns: "{{ n }}"', 'numRuns: "{{ globals.uuid }}"'))
    )
    assert late.returncode == 2
    assert "`globals.uuid` is only known when the run is under way, and trials are made before" in late.stderr

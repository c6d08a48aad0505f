"""What specifications are put together from, live: references, layers, presets, builds, secrets, Python."""

import json

from tests.e2e.command import EXAMPLES, CommandLine

TALKS = """
inputs: [{name: word, type: str, value: base}]
run: {kind: job, container: {command: [sh, -c], args: ['echo "$WORD {{ word }}"']}}
env: {WORD: say}
"""


def said(polyflow: CommandLine, operation: str = "main") -> str:
    return polyflow("logs", "latest", operation).stdout


def test_the_example_with_references_runs(polyflow: CommandLine) -> None:
    view = polyflow.json("run", EXAMPLES / "06_references.yaml", "-f", EXAMPLES / "parts" / "quick.yaml")
    assert view["status"] == "succeeded"
    assert view["operations"]["both"]["outputs"]["said"] == "Hello, Hello, Ann.."


def test_the_example_in_python_runs(polyflow: CommandLine) -> None:
    view = polyflow.json("run", "-pm", f"{EXAMPLES / 'flow.py'}:flow")
    assert view["operations"]["second"]["outputs"] == {"twice": 84}


def test_a_file_is_laid_over_another_and_saved_presets_over_both(polyflow: CommandLine) -> None:
    path = polyflow.file(TALKS)
    layer = path.parent / "layer.yaml"
    layer.write_text("isPreset: true\nparams: {word: layer}\n")
    assert polyflow("run", path, "-f", layer).returncode == 0
    assert said(polyflow) == "say layer\n"
    (polyflow.home / "presets").mkdir()
    (polyflow.home / "presets" / "loud.yaml").write_text("env: {WORD: SHOUT}")
    assert polyflow("run", path, "-f", layer, "--presets", "loud").returncode == 0
    assert said(polyflow) == "SHOUT layer\n"


def test_a_template_is_edited_first(polyflow: CommandLine) -> None:
    path = polyflow.file(f"template: {{enabled: true, fields: [env], description: choose a word}}\n{TALKS}")
    done = polyflow("run", path)
    assert done.returncode == 2
    assert "this is a template: choose a word" in done.stderr
    assert polyflow("check", path).returncode == 0
    assert polyflow("run", path, "--ignore-template").returncode == 0


def test_a_schedule_is_left_aside_when_asked(polyflow: CommandLine) -> None:
    path = polyflow.file(f"schedule: {{kind: cron, cron: '0 4 * * *'}}\n{TALKS}")
    done = polyflow("run", path)
    assert (done.returncode, "`schedule` is not supported yet" in done.stderr) == (2, True)
    assert polyflow("run", path, "--once").returncode == 0


def test_an_image_is_built_first(polyflow: CommandLine) -> None:
    path = polyflow.file(f"build: {{hubRef: builder, params: {{destination: {{value: 'app:1'}}}}}}\n{TALKS}")
    hub = path.parent / "hub"
    (hub / "builder").mkdir(parents=True)
    (hub / "builder" / "latest.yaml").write_text(
        "inputs: [{name: destination, type: str}]\n"
        "run: {kind: job, container: {command: [echo, 'built {{ destination }}']}}"
    )
    view = polyflow.json("run", path, "--hub", hub)
    assert {name: one["status"] for name, one in view["operations"].items()} == {
        "main": "succeeded", "main-build": "succeeded",
    }  # fmt: skip
    assert said(polyflow, "main-build") == "built app:1\n"


def test_secrets_of_this_machine_become_variables(polyflow: CommandLine) -> None:
    path = polyflow.file(
        "run: {kind: job, container: {command: [sh, -c, 'echo $KEY'], envFrom: [{secretRef: {name: s3}}]}}"
    )
    view = polyflow.json("run", path)
    assert view["operations"]["main"]["reason"] == "SecretNotFound"
    (polyflow.home / "secrets").mkdir()
    (polyflow.home / "secrets" / "s3.env").write_text("KEY=hidden\n")
    assert polyflow("run", path).returncode == 0
    assert said(polyflow) == "hidden\n"
    assert "hidden" not in json.dumps(polyflow.json("show", "latest"))


def test_a_rule_for_values_is_kept_by_upstreams_as_well(polyflow: CommandLine) -> None:
    path = polyflow.file("""
run:
  kind: dag
  operations:
  - name: make
    outputs: [{name: n, type: int}]
    run: {kind: job, container: {command: [sh, -c, 'echo "{\\"n\\": 7}" > $POLYFLOW_OUTPUTS']}}
  - name: use
    inputs: [{name: n, type: int, validation: {le: 5}}]
    params: {n: {ref: ops.make, value: outputs.n}}
    run: {kind: job, container: {command: ["true"]}}
""")
    view = polyflow.json("run", path)
    assert view["operations"]["use"]["status"] == "failed"
    assert "7 is above 5" in view["operations"]["use"]["message"]


def test_a_matrix_from_the_command_line_is_planned_and_run(polyflow: CommandLine) -> None:
    path = polyflow.file(TALKS)
    done = polyflow("plan", path, "-HP", 'word=choice:["a","b"]')
    assert "grid: 2 trials" in done.stdout
    assert polyflow("run", path, "-HP", 'word=choice:["a","b"]').returncode == 0


def test_a_problem_in_another_file_is_shown_there(polyflow: CommandLine) -> None:
    path = polyflow.file("pathRef: base.yaml")
    (path.parent / "base.yaml").write_text("run:\n  kind: jobb\n")
    done = polyflow("run", path)
    assert done.returncode == 2
    assert "base.yaml:2:9: there is no kind `jobb`" in done.stderr
    assert "did you mean `job`?" in done.stderr

"""What a user asks of a run that is over, or goes on: its messages, and why it stands as it does."""

import json
from pathlib import Path

from tests.e2e.command import CommandLine
from tests.e2e.test_run import dag, job


def test_a_recorded_run_is_played_again(polyflow: CommandLine, tmp_path: Path) -> None:
    polyflow(
        "run", polyflow.file(dag(job("a", "exit 1", ", termination: {maxRetries: 1}"), job("b", "true")))
    )
    recorded = polyflow("record", "latest").stdout
    path = tmp_path / "run.jsonl"
    path.write_text(recorded)
    done = polyflow("replay", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" compared: 0 differences\n")

    lines = recorded.splitlines()
    launch = next(n for n, line in enumerate(lines) if "polyflow.operation.launch.v1" in line)
    changed = json.loads(lines[launch])
    changed["value"]["timeout"] = 5
    path.write_text("\n".join([*lines[:launch], json.dumps(changed), *lines[launch + 1 :]]))
    done = polyflow("replay", path)
    assert done.returncode == 1
    assert done.stdout.startswith("said otherwise: polyflow.operation.launch.v1")
    assert '"timeout": 5' in done.stdout.splitlines()[1]
    assert '"timeout": null' in done.stdout.splitlines()[2]


def test_what_is_no_recording_is_said(polyflow: CommandLine) -> None:
    done = polyflow("replay", polyflow.file("name: a"))
    assert done.returncode == 2
    assert "pipeline.yaml:1: not a record" in done.stderr

"""Files for a run on Kafka: the run waits until they are where its operations look."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e.command import POLYFLOW
from tests.testbed.services import running_services

pytestmark = pytest.mark.kafka

READ = (
    "name: read\nrun: {kind: job, container: {command: [sh, -c, 'cat $POLYFLOW_ARTIFACTS_PATH/src/words']}}\n"
)


def test_a_run_on_kafka_finds_what_was_uploaded(kafka: str, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "words").write_text("hello\n")
    (tmp_path / "read.yaml").write_text(READ)
    home = tmp_path / "home"
    with running_services(tmp_path, kafka, beside=("projector",)) as services:
        environment = {
            **os.environ,
            "POLYFLOW_HOME": str(home),
            "POLYFLOW_PREFIX": services.prefix,
            "POLYFLOW_ARTIFACTS_STORE": f"{home}/runs/{{run}}/artifacts",
        }
        command = [str(POLYFLOW), "run", "read.yaml", "-u", "src", "--kafka", kafka]
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "created, pending upload  UploadAwaited" in done.stdout
    (log,) = home.glob("runs/*/operations/read/0/log.txt")
    assert log.read_text() == "hello\n"

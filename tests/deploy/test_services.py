"""What the chart starts, started: its commands, variables and accounts, with a real Kafka and API server."""

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.chart import TALK_TO_API, Cluster, rendered
from tests.e2e.command import POLYFLOW
from tests.testbed.kafka import running_kafka
from tests.testbed.processes import end_process, start

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(180)]

SECRET = "what a secret would have, 32 bytes or more"

PIPELINE = """\
kind: component
name: two-in-a-row
run:
  kind: dag
  operations:
    - name: first
      component: {run: {kind: job, container: {image: busybox, command: ["true"]}}}
    - name: second
      dependencies: [first]
      component: {run: {kind: job, container: {image: busybox, command: ["true"]}}}
"""


@pytest.fixture
def kafka() -> Iterator[str]:
    with asyncio.Runner() as runner:
        context = running_kafka()
        yield runner.run(context.__aenter__())
        runner.run(context.__aexit__(None, None, None))


def test_a_pipeline_runs_with_the_charts_commands_variables_and_accounts(
    installed: Cluster, kafka: str, tmp_path: Path
):
    settings = {"kafka.bootstrapServers": kafka, "kafka.prefix": "chart.", "topics.replication": "1"}
    settings |= {"gateway.tokenKey.name": "polyflow-gateway"}
    manifests = rendered(settings=settings)
    containers = {
        each["name"]: with_files(each, manifest["spec"]["template"]["spec"], manifests, tmp_path)
        for manifest in manifests
        if manifest["kind"] in {"StatefulSet", "Job"}
        for each in manifest["spec"]["template"]["spec"]["containers"]
    }
    created = subprocess.run(
        **process_of(containers.pop("topics"), tmp_path), capture_output=True, check=False
    )
    assert created.returncode == 0, created.stderr
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    with ExitStack() as stack:
        started = {}
        for name, container in containers.items():
            service = process_of(container, tmp_path)
            if name in TALK_TO_API:
                kubeconfig = installed.kubeconfig_of(f"polyflow-{name}", tmp_path)
                service["env"]["KUBECONFIG"] = str(kubeconfig)
            process = started[name] = start(service["args"], tmp_path / f"{name}.log", service["env"])
            stack.callback(process.wait)
            stack.callback(end_process, process.pid)
        run = ["run", str(tmp_path / "pipeline.yaml"), "--kafka", kafka, "--format", "json"]
        user = {**os.environ, "POLYFLOW_PREFIX": "chart."}
        done = subprocess.run([str(POLYFLOW), *run], env=user, capture_output=True, timeout=90, check=False)
        ended = [name for name, process in started.items() if process.poll() is not None]
    assert ended == []
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "succeeded"
    logs = "".join((tmp_path / f"{name}.log").read_text() for name in TALK_TO_API)
    assert "may not" not in logs
    pods = installed.plane.api.get("/api/v1/namespaces/polyflow-runs/pods")["items"]
    ours = [pod for pod in pods if json.loads(done.stdout)["id"] in json.dumps(pod["metadata"]["labels"])]
    assert len(ours) == 2


def with_files(
    container: dict[str, Any], spec: dict[str, Any], manifests: list[dict[str, Any]], home: Path
) -> dict[str, Any]:
    """Return a container whose variables name files of config maps where they are here."""
    data = {each["metadata"]["name"]: each["data"] for each in manifests if each["kind"] == "ConfigMap"}
    maps = {each["name"]: each["configMap"]["name"] for each in spec["volumes"] if "configMap" in each}
    files = {}
    for mount in container.get("volumeMounts", ()):
        for name, text in data.get(maps.get(mount["name"], ""), {}).items():
            files[f"{mount['mountPath']}/{name}"] = str(home / name)
            (home / name).write_text(text)
    return {**container, "env": [{**one, **_found(one, files)} for one in container["env"]]}


def _found(variable: dict[str, Any], files: dict[str, str]) -> dict[str, str]:
    here = files.get(variable.get("value", ""))
    return {"value": here} if here else {}


def process_of(container: dict[str, Any], home: Path) -> dict[str, Any]:
    """Return the process that a container of the chart is, with what the image and the pod would give it."""
    given = {each["name"]: each.get("value", SECRET) for each in container["env"]}
    image = {"POLYFLOW_HOME": str(home), "POLYFLOW_METRICS_PORT": "0", "KUBECONFIG": "/nowhere"}
    return {
        "args": [str(POLYFLOW), *container["args"]],
        "env": {"PATH": os.environ["PATH"], **image, **given},
    }

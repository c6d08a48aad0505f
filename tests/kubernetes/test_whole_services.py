"""Services on the real node, through all of polyflow's services and real Kafka."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from polyflow_topics.names import RunId
from tests.e2e.command import EXAMPLES
from tests.kubernetes.whole import Whole, a_whole, has_ended
from tests.testbed.kubernetes import images, node
from tests.testbed.kubernetes.names import running_names

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(600)]

OVERLAY = json.dumps({"environment": {"nodeSelector": node.SELECTOR}})
PORT = 18765
SERVER = {"image": images.PYTHON, "command": ["python3", "-m", "http.server", str(PORT)]}
SLOW_SERVER = {
    "image": images.PYTHON,
    "command": ["sh", "-c", f"sleep 3; exec python3 -m http.server {PORT}"],
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Iterator[Whole]:
    with a_whole(tmp_path_factory.mktemp("whole")) as whole:
        whole.node.load(images.python())
        with running_names(whole.plane.api, whole.node.address):
            yield whole


def run(whole: Whole, specification: str) -> RunId:
    return whole.publish(specification, overlays=[{"name": "cluster.yaml", "text": OVERLAY}])


def dag(server: dict[str, Any], ask: str) -> str:
    """Return a DAG of a service and of a job that is told where it is."""
    component = {
        "inputs": [{"name": "where", "type": "str"}],
        "run": {"kind": "job", "container": {"image": images.PYTHON, "command": ["python3", "-c", ask]}},
    }
    operations = [
        {"name": "files", "component": {"run": {"kind": "service", "ports": [PORT], "container": server}}},
        {
            "name": "ask",
            "params": {"where": {"ref": "ops.files", "value": "outputs.url"}},
            "component": component,
        },
    ]
    form = {"version": 1.1, "kind": "component", "run": {"kind": "dag", "operations": operations}}
    return json.dumps(form)


GET = "import urllib.request as r; print(r.urlopen('{{ where }}').status)"


def told(operation: dict[str, Any]) -> tuple[str, str]:
    return operation["status"], operation["reason"]


def live_pods(whole: Whole, run_id: RunId) -> list[str]:
    pods = whole.plane.api.get("/api/v1/namespaces/default/pods")["items"]
    return [
        pod["metadata"]["name"]
        for pod in pods
        if run_id in pod["metadata"]["labels"].values() and pod["status"]["phase"] in {"Pending", "Running"}
    ]


def test_a_job_reaches_a_service_by_its_address_and_the_service_ends_with_the_dag(whole):
    run_id = run(whole, (EXAMPLES / "08_service.yaml").read_text())
    view = whole.shown(run_id, has_ended)
    files, ask = view["operations"]["files"], view["operations"]["ask"]
    assert view["status"] == "succeeded", json.dumps(view, indent=1)
    assert told(files) == ("succeeded", "DagEnded")
    assert told(ask) == ("succeeded", "")
    host = files["outputs"]["host"]
    assert host.endswith(".default.svc")
    assert files["outputs"] == {"host": host, "port": PORT, "url": f"http://{host}:{PORT}"}
    assert ask["params"] == {"where": f"http://{host}:{PORT}"}
    assert live_pods(whole, run_id) == []


def test_what_depends_on_a_service_starts_when_its_port_answers(whole):
    view = whole.shown(run(whole, dag(SLOW_SERVER, GET)), has_ended)
    assert view["status"] == "succeeded", json.dumps(view, indent=1)
    begun = {
        name: {one["status"]: one["at"] for one in operation["statuses"]}
        for name, operation in view["operations"].items()
    }
    reasons = {one["reason"] for one in view["operations"]["files"]["statuses"]}
    assert "NotReady" in reasons
    assert begun["files"]["running"] <= begun["ask"]["scheduled"]


def test_a_service_ends_with_its_dag_where_what_asked_it_has_failed(whole):
    view = whole.shown(run(whole, dag(SERVER, "import sys; sys.exit(3)")), has_ended)
    files, ask = view["operations"]["files"], view["operations"]["ask"]
    assert (view["status"], view["reason"]) == ("failed", "OperationsFailed")
    assert told(files) == ("succeeded", "DagEnded")
    assert (*told(ask), ask["exit_code"]) == ("failed", "Error", 3)


def test_a_service_that_ends_before_it_is_up_has_failed_with_its_exit_code(whole):
    broken = {"image": images.PYTHON, "command": ["sh", "-c", "exit 4"]}
    view = whole.shown(run(whole, dag(broken, GET)), has_ended)
    files, ask = view["operations"]["files"], view["operations"]["ask"]
    assert view["status"] == "failed"
    assert (*told(files), files["exit_code"]) == ("failed", "Error", 4)
    assert told(ask) == ("upstream_failed", "TriggerNotMet")
    assert ask["attempts"] == 0

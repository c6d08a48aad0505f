"""A service on this machine: asked by a job, its address told, and ended with its DAG."""

import os
import signal
import socket
import time
import urllib.request

import pytest

from tests.e2e.command import SOON, CommandLine
from tests.e2e.test_how_runs_behave import started
from tests.e2e.test_run import dag, job

SERVED = """
run:
  kind: dag
  operations:
  - name: files
    component:
      run:
        kind: service
        ports: [{port}]
        container: {{command: [sh, -c], args: ["echo hello > word; sleep 0.3; exec python3 -m http.server {port} --bind 127.0.0.1"]}}
  - name: ask
    params: {{where: {{ref: ops.files, value: outputs.url}}, port: {{ref: ops.files, value: outputs.port}}}}
    component:
      inputs: [{{name: where, type: str}}, {{name: port, type: int}}]
      run:
        kind: job
        container:
          command: [python3, -c]
          args: ["import urllib.request as r; print(r.urlopen('{{{{ where }}}}/word').read().decode(), {{{{ port }}}})"]
"""
ALONE = """
run:
  kind: service
  ports: [{port}]
  container: {{command: [python3, -m, http.server, "{port}", --bind, 127.0.0.1]}}
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_job_asks_a_service_which_ends_after_it(polyflow: CommandLine, port: int) -> None:
    done = polyflow("run", polyflow.file(SERVED.format(port=port)))
    assert done.returncode == 0, done.stdout + done.stderr
    assert polyflow("logs", "latest", "ask").stdout.split() == ["hello", str(port)]
    shown = polyflow("show", "latest").stdout
    assert f"http://127.0.0.1:{port}" in shown
    assert "DagEnded" in shown
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port))


def test_56_services_in_dags(polyflow: CommandLine, port: int) -> None:
    ask = (
        f"python3 -c 'import urllib.request as r; print(r.urlopen(\"http://127.0.0.1:{port}/word\").read())'"
    )
    text = dag(
        f"{{name: files, run: {{kind: service, ports: [{port}], container: {{command: [sh, -c], args: "
        f"['echo hello > word; exec python3 -m http.server {port} --bind 127.0.0.1']}}}}}}",
        job("ask", ask, ", events: [{kinds: [run_status_running], ref: ops.files}]"),
    )
    view = polyflow.json("run", polyflow.file(text))
    assert {name: one["status"] for name, one in view["operations"].items()} == {
        "files": "succeeded", "ask": "succeeded",
    }  # fmt: skip
    assert polyflow("logs", "latest", "ask").stdout == "b'hello\\n'\n"
    assert view["operations"]["files"]["reason"] == "DagEnded"
    assert started(view, "ask") < view["operations"]["files"]["finished_at"]


def test_a_service_alone_is_up_until_it_is_stopped(polyflow: CommandLine, port: int) -> None:
    process = polyflow.begin("run", polyflow.file(ALONE.format(port=port)))
    try:
        assert _status(f"http://127.0.0.1:{port}/") == 200
    finally:
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode not in (0, None)


def _status(url: str) -> int:
    end = time.monotonic() + SOON
    while True:
        try:
            with urllib.request.urlopen(url) as answer:
                return int(answer.status)
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.05)


def test_a_port_that_is_in_use_is_named(polyflow: CommandLine, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        done = polyflow("run", polyflow.file(ALONE.format(port=port)))
    assert done.returncode == 1
    assert f"port {port} of this machine is in use by another program" in done.stdout


def test_what_a_service_cannot_have_yet_is_refused_by_name(polyflow: CommandLine) -> None:
    text = ALONE.format(port=80).replace("ports: [80]", "replicas: 2\n  isExternal: true")
    done = polyflow("run", polyflow.file(text))
    assert done.returncode == 2
    for what in ("a service without `ports`", "more than one replica", "`isExternal`"):
        assert f"{what} is not supported yet" in done.stderr
    assert polyflow("check", polyflow.file(text)).returncode == 0

"""Everything that is asked of runs, on real Kafka: while they go on, and once they have ended."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from polyflow import Client
from polyflow.again.earlier import NotRepeatableError
from polyflow_topics.events import OperationChanged, RequestRejected, RunChanged
from polyflow_topics.names import RunId
from tests.e2e.command import rest_of, wait_for
from tests.e2e.test_operating import WAITS
from tests.e2e.test_run import dag, job
from tests.kafka.installation import OnKafka, an_installation

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

UNTIL = "until [ -e {} ]; do sleep 0.05; done"
OUTPUT = ", outputs: [{name: x, type: int}]"
READS = ", params: {x: {ref: ops.a, value: outputs.x}}, inputs: [{name: x, type: int}]"


@pytest.fixture(scope="module")
def polyflow(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnKafka]:
    with an_installation(tmp_path_factory.mktemp("installation"), kafka) as installed:
        yield installed


def said(polyflow: OnKafka, *words: str) -> str:
    """Ask for something that is accepted, and return what is said about it."""
    done = polyflow(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(polyflow: OnKafka, *words: str) -> str:
    done = polyflow(*words)
    assert done.returncode == 2, done.stdout
    return done.stderr


def statuses(view: Mapping[str, Any]) -> dict[str, str]:
    return {name: one["status"] for name, one in view["operations"].items()}


def has_ended(view: Mapping[str, Any]) -> bool:
    return view["status"] in {"succeeded", "failed", "stopped"}


def test_a_run_is_operated_while_it_goes_on(polyflow: OnKafka) -> None:
    text = dag(
        job("held", "true", WAITS),
        job("first", UNTIL.format("first")),
        job("skipped", "false", ", dependencies: [first]"),
        job("endless", "sleep 60"),
        *(job(f"late{n}", UNTIL.format("late"), ", dependencies: [first, skipped]") for n in range(2)),
        more="\n  concurrency: 3",
    )
    going = polyflow.begin("run", polyflow.file(text))
    wait_for(going, "endless running")
    run = polyflow.newest()
    assert said(polyflow, "approve", run, "held") == f"{run}: approve accepted\n"
    wait_for(going, "held succeeded")
    assert said(polyflow, "skip", run, "skipped") == f"{run}: skip accepted\n"
    assert "it is running; to end it, stop it" in refused(polyflow, "skip", run, "first")
    assert said(polyflow, "set", run, "--concurrency", "1") == f"{run}: set accepted\n"
    assert said(polyflow, "pause", run) == f"{run}: pause accepted\n"
    (polyflow.folder / "first").touch()
    wait_for(going, "late1 queued")
    assert said(polyflow, "stop", run, "endless") == f"{run}: stop accepted\n"
    wait_for(going, "Paused")
    assert "it is paused: nothing more is launched" in said(polyflow, "explain", run)
    assert said(polyflow, "unpause", run) == f"{run}: unpause accepted\n"
    wait_for(going, "late0 running")
    assert "1 operation is active" in said(polyflow, "explain", run, "late1")
    assert said(polyflow, "set", run, "--concurrency", "none") == f"{run}: set accepted\n"
    wait_for(going, "late1 running")
    (polyflow.folder / "late").touch()
    rest_of(going)
    wanted = dict.fromkeys(("held", "first", "late0", "late1"), "succeeded")
    view = polyflow.shown(run, has_ended)
    assert statuses(view) == wanted | {"skipped": "skipped", "endless": "stopped"}
    assert "has ended" in refused(polyflow, "pause", run)


def test_a_run_that_waits_for_approval_is_skipped(polyflow: OnKafka) -> None:
    going = polyflow.begin("run", polyflow.file(dag(job("a", "true")) + "isApproved: false\n"))
    wait_for(going, "ApprovalAwaited")
    said(polyflow, "skip", polyflow.newest())
    assert "a skipped" in rest_of(going)


def test_runs_come_from_runs(polyflow: OnKafka) -> None:
    text = dag(
        job("a", """echo '{"x": 0}' > $POLYFLOW_OUTPUTS""", OUTPUT),
        job("b", "test -e ok", READS),
        job("c", "true", ", dependencies: [b]"),
    )
    first = polyflow.json("run", polyflow.file(text))
    assert (first["status"], first["operations"]["b"]["status"]) == ("failed", "failed")
    polyflow.file("", "ok")
    run = first["id"]
    polyflow.shown(run, has_ended)
    resumed = again(polyflow, "resume", run)
    assert (resumed["id"], resumed["generation"], kept(resumed)) == (run, 1, ["a"])
    polyflow.shown(run, lambda view: view["generation"] == 1 and has_ended(view))
    rerun = again(polyflow, "rerun", run, "--from", "c")
    assert (rerun["origin"]["run"], rerun["origin"]["kind"], kept(rerun)) == (run, "rerun", ["a", "b"])
    for kind in ("restart", "copy"):
        view = again(polyflow, kind, run)
        assert (view["origin"]["run"], view["origin"]["kind"], kept(view)) == (run, kind, [])


@pytest.fixture(params=["the history's machine", "a machine that knows no run"])
def client(
    request: pytest.FixtureRequest, polyflow: OnKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    """A client beside the projector, or elsewhere."""
    monkeypatch.chdir(tmp_path)
    about = polyflow.environment
    home = Path(about["POLYFLOW_HOME"]) if request.param == "the history's machine" else tmp_path
    with Client(kafka=about["POLYFLOW_KAFKA"], prefix=about["POLYFLOW_PREFIX"], home_folder=home) as client:
        yield client


def test_runs_of_the_client_come_from_runs(polyflow: OnKafka, client: Client, tmp_path: Path) -> None:
    flag, nothing = tmp_path / "ok", {"a": "", "b": "", "c": ""}
    text = dag(
        job("a", """echo '{"x": 0}' > $POLYFLOW_OUTPUTS""", OUTPUT),
        job("b", f"test -e {flag}", READS),
        job("c", "true", ", dependencies: [b]"),
    )
    run = client.submit(text)
    assert watched(client, run) == ("failed", {"a": "", "b": "Error", "c": "TriggerNotMet"})
    flag.touch()
    assert client.resume(run) == run
    assert watched(client, run) == ("succeeded", {"a": "Kept", "b": "", "c": ""})
    assert watched(client, client.rerun(run, "c")) == ("succeeded", {"a": "Kept", "b": "Kept", "c": ""})
    assert watched(client, client.restart(run, tags=["second"])) == ("succeeded", nothing)
    only = client.copy(run, specification=dag(job("only", "true")), name="other")
    assert watched(client, only) == ("succeeded", {"only": ""})
    told = polyflow.shown(only, has_ended)
    assert (told["name"], told["origin"]["run"], told["origin"]["kind"]) == ("other", run, "copy")
    polyflow.shown(run, lambda view: view["generation"] == 1 and has_ended(view))
    client.resume(run)
    (rejected,) = client.watch(run)
    assert isinstance(rejected, RequestRejected)
    assert f"nothing of run {run} is left to do" in rejected.problems[0].message
    with pytest.raises(NotRepeatableError, match="has no operation 'x'; it has a, b, c"):
        client.rerun(run, "x")


def watched(client: Client, run: RunId) -> tuple[str, dict[str, str]]:
    """Watch a run to its end; return its status, and the reason that each operation has in the end."""
    status, reasons = "", {}
    for event in client.watch(run):
        if isinstance(event, OperationChanged):
            reasons[event.operation] = event.reason
        elif isinstance(event, RunChanged):
            status = event.status
    return status, reasons


def again(polyflow: OnKafka, *words: str) -> Mapping[str, Any]:
    """Do what a command does, and return what became of the run that it follows."""
    done = polyflow(*words, "--format", "json")
    assert done.returncode == 0, done.stderr + done.stdout
    view: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert view["status"] == "succeeded"
    return view


def kept(view: Mapping[str, Any]) -> list[str]:
    return [name for name, one in view["operations"].items() if one["reason"] == "Kept"]

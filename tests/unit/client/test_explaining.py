"""Why runs stand as they do, as the client tells it of real runs; the command prints the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from polyflow import Client
from polyflow.cli.runs.explain import explain as command
from polyflow.history import UnknownOperationError, UnknownRunError
from polyflow_topics.events import OperationChanged
from polyflow_topics.names import RunId
from tests.e2e.test_run import dag, job

UNTIL_DONE = "until [ -e done ]; do sleep 0.05; done"


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.chdir(tmp_path)
    with Client(home_folder=tmp_path) as client:
        yield client


def printed(home: Path, *words: str) -> list[str]:
    """Return the lines that `polyflow explain` prints."""
    done = CliRunner().invoke(command, words, env={"POLYFLOW_HOME": str(home)}, catch_exceptions=False)
    return done.stdout.splitlines()


def ended(client: Client, run: RunId) -> RunId:
    for _ in client.watch(run):
        pass
    return run


def test_why_a_run_has_ended_is_told_by_its_events(client: Client, tmp_path: Path) -> None:
    text = dag(
        job("a", "exit 3", ", hooks: [{hubRef: say, trigger: succeeded}]"),
        job("b", "true", ", dependencies: [a]"),
        job("c", "true"),
    )
    (tmp_path / "hub" / "say").mkdir(parents=True)
    (tmp_path / "hub" / "say" / "latest.yaml").write_text(
        "run: {kind: job, container: {command: ['true']}}\n"
    )
    run = ended(client, client.submit(text, hubs=[str(tmp_path / "hub")]))
    of_run, of_b = client.explain(run), client.explain("latest", "b")
    assert (of_run.goes_on, of_run.said, of_run.whole, of_run.operation) == (False, (), True, None)
    assert of_run.view == client.get(run)
    assert [(one.name, one.reason) for one in of_run.decisive] == [("a", "Error"), ("b", "TriggerNotMet")]
    assert [(hook.operation, hook.status, hook.reason) for hook in of_run.hooks] == [
        ("a", "skipped", "TriggerNotMet")
    ]
    assert of_b.operation is not None
    assert (of_b.run, of_b.name, of_b.operation.reason, of_b.hooks) == (run, "b", "TriggerNotMet", ())
    assert [(one.name, one.status) for one in of_b.decisive] == [("a", "failed")]
    assert printed(tmp_path, run) == [
        "the run failed: OperationsFailed: 1 of 3 operations failed",
        "a failed: Error: exit code 3",
        "b upstream_failed: TriggerNotMet: trigger all_succeeded cannot be met: upstream 'a' failed",
        "hook say #1 (succeeded) of a was not asked for: TriggerNotMet: it is for `succeeded`",
    ]


def test_what_goes_on_is_asked_of_the_planner(client: Client, tmp_path: Path) -> None:
    run = client.submit(dag(job("a", UNTIL_DONE), job("b", "true", ", dependencies: [a]")))
    for event in client.watch(run):
        if isinstance(event, OperationChanged) and event.status == "running":
            break
    of_run, of_b = client.explain(run), client.explain(run, "b")
    lines = printed(tmp_path, run, "b")
    Path("done").touch()
    ended(client, run)
    assert of_run.goes_on
    assert of_run.said[0] == "the run is running: 2 of 2 operations have not ended"
    assert of_b.said == (
        "b is created",
        "trigger all_succeeded is not met: of 1 upstreams 0 succeeded, 0 failed, 1 not ended",
    )
    assert lines == [*of_b.said, "  upstream a: running"]


def test_a_run_is_explained_from_the_moment_of_its_request(client: Client) -> None:
    run = client.submit(dag(job("a", UNTIL_DONE)))
    told = client.explain(run)
    assert (told.run, told.goes_on, told.said[0].startswith("the run is ")) == (run, True, True)
    client.stop(run)


def test_a_refused_run_is_told_with_its_problems(client: Client) -> None:
    told = client.explain(client.submit({"run": {"kind": "jobb"}}))
    assert told.view is not None
    assert (told.goes_on, told.view.status, len(told.view.problems), told.decisive) == (
        False,
        "rejected",
        1,
        (),
    )


def test_what_there_is_not_is_an_error(client: Client) -> None:
    run = ended(client, client.submit(dag(job("a", "true"))))
    with pytest.raises(UnknownOperationError, match="no operation 'b'; it has a"):
        client.explain(run, "b")
    with pytest.raises(UnknownRunError, match="there is no run 'nope'"):
        client.explain("nope")

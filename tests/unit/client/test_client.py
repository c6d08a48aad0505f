"""The Python client with an engine of its own: real runs of real processes."""

from pathlib import Path
from typing import Any

import pytest

from polyflow import AsyncClient, Client
from polyflow.history import UnknownRunError
from polyflow.running.asking import NotRunningError
from polyflow.running.session import workdir_of
from polyflow_shared.home import Home
from polyflow_topics.events import OperationChanged, RequestRejected, RunChanged
from polyflow_topics.names import RunId

CHAIN = """
name: chain
run:
  kind: dag
  operations:
    - name: a
      outputs: [{name: count, type: int}]
      run: {kind: job, container: {command: [sh, -c, 'echo "{\\"count\\": 0}" > $POLYFLOW_OUTPUTS']}}
    - name: b
      inputs: [{name: count, type: int}]
      params: {count: {ref: ops.a, value: outputs.count}}
      run: {kind: job, container: {command: [sh, -c, 'test "{{ count }}" = 0']}}
"""
SLOW = "name: slow\nrun: {kind: job, container: {command: [sleep, '60']}}\n"


def test_a_run_is_submitted_watched_and_read(tmp_path: Path) -> None:
    with Client(home_folder=tmp_path) as client:
        run = client.submit(f"tags: [a]\ndescription: Two{CHAIN}", project="digits", tags=["t"])
        statuses = [event.status for event in client.watch(run) if isinstance(event, RunChanged)]
        view = client.get(run)
        assert statuses == ["created", "running", "succeeded"]
        assert {name: one.status for name, one in view.operations.items()} == {
            "a": "succeeded",
            "b": "succeeded",
        }
        assert view.operations["a"].outputs == {"count": 0}
        assert view.operations["b"].params == {"count": 0}
        assert (view.project, view.tags, view.description) == ("digits", ("a", "t"), "Two")
        assert [summary.id for summary in client.list()] == [run]


def test_the_same_request_twice_is_one_run(tmp_path: Path) -> None:
    with Client(home_folder=tmp_path) as client:
        first = client.submit(CHAIN, request_id="one")
        second = client.submit(CHAIN, request_id="one")
        assert first == second
        assert list(client.watch(first))
        assert len(client.list()) == 1


def test_a_request_that_is_wrong_is_a_rejected_run_with_its_problems(tmp_path: Path) -> None:
    with Client(home_folder=tmp_path) as client:
        run = client.submit({"run": {"kind": "jobb"}})
        (rejected,) = client.watch(run)
        assert isinstance(rejected, RequestRejected)
        view = client.get(run)
        assert view.status == "rejected"
        assert view.problems == rejected.problems


def test_a_run_is_stopped(tmp_path: Path) -> None:
    with Client(home_folder=tmp_path) as client:
        run = client.submit(SLOW)
        for event in client.watch(run):
            if isinstance(event, OperationChanged) and event.status == "running":
                client.stop(run)
        assert client.get(run).status == "stopped"
        with pytest.raises(NotRunningError, match=f"the run {run} is not going on: it is stopped"):
            client.stop(run)


def test_a_run_of_a_client_that_was_closed_is_interrupted(tmp_path: Path) -> None:
    with Client(home_folder=tmp_path) as client:
        run = client.submit(SLOW)
        for event in client.watch(run):
            if isinstance(event, OperationChanged) and event.status == "running":
                break
    with Client(home_folder=tmp_path) as client:
        assert client.get(run).status == "interrupted"
        with pytest.raises(NotRunningError, match=f"it is interrupted; .*polyflow resume {run}"):
            client.pause(run)
    assert workdir_of(Home(tmp_path).run(run)) == Path.cwd()


def test_an_unknown_run_is_an_error_that_says_so(tmp_path: Path) -> None:
    with Client(home_folder=tmp_path) as client, pytest.raises(UnknownRunError, match="no run"):
        client.get("latest")


def test_what_is_asked_of_no_run_is_an_error_that_says_so(tmp_path: Path) -> None:
    with (
        Client(home_folder=tmp_path) as client,
        pytest.raises(UnknownRunError, match="there is no run 'nope'"),
    ):
        client.stop(RunId("nope"))


def test_a_run_is_meant_by_the_beginning_of_its_id_too(tmp_path: Path) -> None:
    with Client(home_folder=tmp_path) as client:
        run = client.submit(SLOW)
        for event in client.watch(run):
            if isinstance(event, OperationChanged) and event.status == "running":
                client.stop(RunId(run[:8]))
        assert client.get(run).status == "stopped"


@pytest.mark.parametrize("wrong", [0, "abc"])
def test_a_limit_that_is_none_is_told_in_a_sentence(tmp_path: Path, wrong: Any) -> None:
    sentence = "is neither a number from 1 on nor None; to launch nothing, pause the run"
    with Client(home_folder=tmp_path) as client, pytest.raises(ValueError, match=sentence):
        client.set_concurrency(RunId("any"), wrong)


async def test_two_runs_go_on_at_the_same_time_in_one_asynchronous_client(tmp_path: Path) -> None:
    async with AsyncClient(home_folder=tmp_path) as client:
        runs = [await client.submit(CHAIN), await client.submit(CHAIN)]
        for run in runs:
            assert [event async for event in client.watch(run)][-1].status == "succeeded"

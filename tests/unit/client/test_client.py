"""The Python client with an engine of its own: real runs of real processes."""

import re
from pathlib import Path
from typing import Any

import pytest

from polyflow import AsyncClient, Client
from polyflow.history import UnknownRunError
from polyflow.requesting import ClientClosedError, RequestTakenError
from polyflow.running.asking import NotRunningError
from polyflow.running.session import workdir_of
from polyflow_services.embedded import RunTakenError
from polyflow_shared.errors import BrokerUnavailableError
from polyflow_shared.language.models import V1Job
from polyflow_shared.machine.home import Home
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


def test_another_body_under_the_id_of_a_run_of_this_client_is_an_error(tmp_path: Path) -> None:
    with Client(home_folder=tmp_path) as client:
        first = client.submit(SLOW, request_id="one")
        with pytest.raises(RequestTakenError, match=rf"{first} exists already, .* another body \(PF4001\)"):
            client.submit(CHAIN, request_id="one")
        assert client.submit(SLOW, request_id="one") == first
        client.stop(first)


def test_a_run_of_another_client_is_refused_each_time_that_it_is_submitted(tmp_path: Path) -> None:
    with Client(home_folder=tmp_path) as one, Client(home_folder=tmp_path) as other:
        run = one.submit(SLOW, request_id="one")
        for _ in range(2):
            with pytest.raises(RunTakenError, match=f"{run} goes on in another process"):
                other.submit(SLOW, request_id="one")
        one.stop(run)


def test_an_argument_that_there_is_not_is_an_error_that_names_the_nearest(tmp_path: Path) -> None:
    with Client(home_folder=tmp_path) as client:
        with pytest.raises(TypeError, match=r"submit has no argument 'param'; did you mean `params`\?"):
            client.submit(CHAIN, param={"x": 5})  # type: ignore[call-arg]
        with pytest.raises(TypeError, match=r"'nope'; there are params, request_id, name, project, .* hubs"):
            client.submit(CHAIN, nope=1)  # type: ignore[call-arg]
        assert client.list() == []


WRONG: dict[str, tuple[Any, Any, str]] = {
    "no specification": (None, {}, "a specification is a Path, a text or a map of fields, not None"),
    "a list": ([1], {}, "a specification is a Path, a text or a map of fields, not a list"),
    "an object of the builder": (V1Job(), {}, "not a V1Job; give its `to_dict()`"),
    "params in no map": (CHAIN, [1], "`params` is a map of values by name, not a list"),
    "no number": (CHAIN, {"x": [1, float("nan")]}, "`params.x[1]`: .nan cannot be carried by JSON"),
    "an infinity": ({"a": -float("inf")}, {}, "`specification.a`: -.inf cannot be carried by JSON"),
    "a path": (CHAIN, {"x": Path("a")}, "`params.x`: a PosixPath cannot be carried by JSON"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_no_request_can_have_is_told_in_a_sentence(tmp_path: Path, wrong: str) -> None:
    specification, params, sentence = WRONG[wrong]
    with (
        Client(home_folder=tmp_path) as client,
        pytest.raises((TypeError, ValueError), match=re.escape(sentence)),
    ):
        client.submit(specification, params=params)


@pytest.mark.parametrize("name", ["tags", "presets", "hubs"])
def test_a_text_in_place_of_a_list_is_an_error_and_not_taken_letter_by_letter(
    name: str, tmp_path: Path
) -> None:
    with Client(home_folder=tmp_path) as client:
        for wrong, kind in (("mine", "str"), (Path("mine"), "PosixPath"), ({"mine": 1}, "dict"), (1, "int")):
            sentence = (
                f"`{name}` is a list of texts, not a {kind}; for a single one write `{name}=[{wrong!r}]`"
            )
            about: Any = {name: wrong}
            with pytest.raises(TypeError, match=re.escape(sentence)):
                client.submit(CHAIN, **about)
        assert client.list() == []


def test_a_closed_client_says_so(tmp_path: Path) -> None:
    with Client(home_folder=tmp_path) as client:
        run = client.submit(CHAIN)
        events = client.watch(run)
        assert next(events)
    for ask in (lambda: client.submit(CHAIN), lambda: client.get(run), lambda: next(client.watch(run))):
        with pytest.raises(ClientClosedError, match="this client was closed: open another one"):
            ask()
    with pytest.raises(ClientClosedError):
        next(events)
    client.__exit__(None, None, None)


async def test_a_closed_asynchronous_client_takes_no_request(tmp_path: Path) -> None:
    async with AsyncClient(home_folder=tmp_path) as client:
        run = await client.submit(CHAIN)
        assert [event async for event in client.watch(run)]
    with pytest.raises(ClientClosedError):
        await client.submit(CHAIN)
    with pytest.raises(ClientClosedError):
        await client.restart(run)


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


def test_a_run_is_watched_by_what_stands_for_it_and_no_run_is_an_error(tmp_path: Path) -> None:
    with Client(home_folder=tmp_path) as client:
        with pytest.raises(UnknownRunError, match="there is no run 'latest'; nothing has run yet"):
            next(client.watch("latest"))
        run = client.submit(CHAIN)
        assert list(client.watch(run)) == list(client.watch("latest")) == list(client.watch(run[:8]))
        with pytest.raises(UnknownRunError, match="there is no run 'nope'"):
            next(client.watch("nope"))
    with Client(home_folder=tmp_path, kafka="127.0.0.1:1") as there:
        with pytest.raises(UnknownRunError, match="there is no run 'nope'"):
            next(there.watch("nope"))
        with pytest.raises(BrokerUnavailableError):
            next(there.watch("00000000-0000-5000-8000-000000000000"))


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

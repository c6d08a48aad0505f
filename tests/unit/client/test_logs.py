"""What operations have written, as the client reads it and the command prints it."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from polyflow import AsyncClient, Client
from polyflow.cli.runs.logs import logs as command
from polyflow.history import History, UnknownOperationError, UnknownRunError
from polyflow.known.written import HANDED_OVER_WITHIN, LOOK_AGAIN, PIECE, LogPiece, logs
from polyflow_services.projector.core import project
from polyflow_shared.clock import FakeClock, SystemClock
from polyflow_shared.machine.home import Home
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_topics.events import OperationChanged, OperationInGraph, RunChanged, RunEvent, RunPlanned
from polyflow_topics.logs import LogTailSaved
from polyflow_topics.message import Message
from polyflow_topics.names import OperationName, RunId, run_id
from polyflow_topics.status import Status
from tests.e2e.test_run import dag, job

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN = run_id("test", "one")
NOBODY = "127.0.0.1:1"
TRIES = "echo try; test -e twice || { touch twice; exit 1; }; sleep 0.3; echo done"
AGAIN = ", termination: {maxRetries: 1, backoff: {delay: 0}}"


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.chdir(tmp_path)
    with Client(home_folder=tmp_path) as client:
        yield client


def printed(home: Path, *words: str) -> Result:
    """Return what `polyflow logs` prints."""
    return CliRunner().invoke(command, words, env={"POLYFLOW_HOME": str(home)}, catch_exceptions=True)


def texts(pieces: Iterator[LogPiece]) -> list[tuple[int, str]]:
    """Return what was written, by attempts."""
    found: dict[int, str] = {}
    for piece in pieces:
        found[piece.attempt] = found.get(piece.attempt, "") + piece.text
    return [*found.items()]


def test_a_log_is_followed_through_all_attempts_from_the_moment_of_the_request(client: Client) -> None:
    run = client.submit(dag(job("a", TRIES, AGAIN)))
    assert texts(client.logs(run, "a", follow=True)) == [(0, "try\n"), (1, "try\ndone\n")]
    assert client.get(run).operations["a"].status == "succeeded"


def test_the_log_of_an_attempt_is_what_the_command_prints(client: Client, tmp_path: Path) -> None:
    run = client.submit(dag(job("a", TRIES, AGAIN)))
    assert [event.status for event in client.watch(run) if isinstance(event, RunChanged)][-1] == "succeeded"
    assert [*client.logs(run, "a")] == [LogPiece(OperationName("a"), 1, "", b"try\ndone\n")]
    assert texts(client.logs("latest", "a", attempt=0)) == [(0, "try\n")]
    assert printed(tmp_path, run, "a").stdout == "try\ndone\n"
    assert printed(tmp_path, run[:8], "a", "--attempt", "0").stdout == "try\n"


def test_what_a_resumed_run_writes_is_followed_as_well(client: Client) -> None:
    run = client.submit(dag(job("a", "echo try; test -e ok")))
    assert texts(client.logs(run, "a", follow=True)) == [(0, "try\n")]
    for _ in client.watch(run):
        pass
    Path("ok").touch()
    client.resume(run)
    assert texts(client.logs(run, "a", follow=True))[-1] == (1, "try\n")


@pytest.mark.parametrize("follow", [False, True])
def test_what_has_no_log_is_an_error_that_says_why(client: Client, tmp_path: Path, follow: bool) -> None:
    inner = "{name: in, run: {kind: dag, operations: [{name: c, run: {kind: job, container: {command: ['true']}}}]}}"
    run = client.submit(dag(job("a", "exit 1"), job("b", "true", ", dependencies: [a]"), inner))
    for _ in client.watch(run):
        pass
    sentences = {
        "b": "b was not started: it is upstream_failed \\(TriggerNotMet: trigger all_succeeded",
        "in": "in is a DAG or a matrix: what is in it has logs, it has none",
        "bb": "the run has no operation 'bb'; did you mean `b`?",
    }
    for operation, sentence in sentences.items():
        with pytest.raises(UnknownOperationError, match=sentence):
            next(client.logs(run, operation, follow=follow))
        assert isinstance(
            printed(tmp_path, run, operation, *["-f"] * follow).exception, UnknownOperationError
        )
    assert [*client.logs(run, "a", follow=follow)] == []
    with pytest.raises(
        UnknownOperationError, match=r"a has no log of attempt 3 \(it had 1, counted from 0\)"
    ):
        next(client.logs(run, "a", follow=follow, attempt=3))
    with pytest.raises(ValueError, match="-1 is no attempt: these are counted from 0"):
        next(client.logs(run, "a", attempt=-1))


def test_a_refused_run_that_is_followed_says_so(client: Client) -> None:
    run = client.submit({"run": {"kind": "jobb"}})
    with pytest.raises(UnknownOperationError, match="the run has no operations: it is rejected"):
        next(client.logs(run, "a", follow=True))
    with pytest.raises(UnknownRunError, match="there is no run 'nope'"):
        next(client.logs("nope", "a", follow=True))


def story(*statuses: Status, generation: int = 0, first: int = 1) -> list[RunEvent]:
    """Return the events of a run that goes on, whose operation `a` has these statuses."""
    about = {"run": RUN, "at": AT}
    planned = (OperationInGraph(index=0, name=OperationName("a")),)
    return [
        RunChanged(**about, sequence=first, status=Status.RUNNING, generation=generation),
        RunPlanned(**about, sequence=first + 1, operations=planned),
        *(
            OperationChanged(
                **about, sequence=sequence, operation="a", index=0, status=one, attempt=generation
            )
            for sequence, one in enumerate(statuses, start=first + 2)
        ),
    ]


def apply(home: Path, *events: Message) -> None:
    with closing(SqliteReadModel.open(Home(home).history)) as model:
        model.apply(project(events))


def saved(container: str, text: str = "", *, cut: bool = False, missing: str = "") -> LogTailSaved:
    about = {"run": RUN, "operation": "a", "index": 0, "attempt": 0, "at": AT}
    return LogTailSaved(**about, container=container, text=text, cut=cut, missing=missing)


ON_A_CLUSTER = story(Status.SCHEDULED, Status.RUNNING, Status.SUCCEEDED)
SAVED = (
    saved("main", "training\n", cut=True),
    saved("fetch", "fetched\n"),
    saved("proxy", missing="the pod is gone"),
)


@pytest.mark.parametrize("kafka", [None, NOBODY])
@pytest.mark.parametrize("follow", [False, True])
def test_what_a_cluster_has_handed_over_is_told_by_containers(
    tmp_path: Path, kafka: str | None, follow: bool
) -> None:
    apply(tmp_path, *ON_A_CLUSTER, *SAVED)
    with Client(home_folder=tmp_path, kafka=kafka) as client:
        pieces = [*client.logs(RUN, "a", follow=follow)]
    a = OperationName("a")
    assert pieces == [
        LogPiece(a, 0, "fetch", b"fetched\n"),
        LogPiece(a, 0, "proxy", b"", missing="the pod is gone"),
        LogPiece(a, 0, "main", b"training\n", cut=True),
    ]
    said = printed(tmp_path, RUN, "a", *["-f"] * follow)
    assert said.stdout == "fetched\ntraining\n"
    assert said.stderr.splitlines() == [
        "--- fetch",
        "--- proxy",
        "the log of proxy could not be read: the pod is gone",
        "--- main",
        "the log of main was longer; this is its end",
    ]


def test_the_one_log_of_an_operation_has_no_heading(tmp_path: Path) -> None:
    apply(tmp_path, *ON_A_CLUSTER, saved("main", "training\n"))
    said = printed(tmp_path, RUN, "a")
    assert (said.stdout, said.stderr) == ("training\n", "")


@pytest.mark.parametrize("comes", [True, False])
async def test_a_log_that_a_cluster_hands_over_after_the_end_is_waited_for(
    tmp_path: Path, comes: bool
) -> None:
    apply(tmp_path, *ON_A_CLUSTER)
    clock = FakeClock()
    with closing(History.open(Home(tmp_path))) as history:
        pieces = logs(history, RUN, "a", clock, follow=True)
        first = asyncio.ensure_future(anext(pieces))
        await clock.move(0)
        assert not first.done()
        if comes:
            apply(tmp_path, saved("main", "training\n"))
        await clock.move(HANDED_OVER_WITHIN)
        if comes:
            assert (await first).text == "training\n"
        else:
            with pytest.raises(UnknownOperationError, match="a has no log of attempt 0"):
                await first
        await pieces.aclose()


def log_of(home: Path, attempt: int = 0) -> Path:
    folder = Home(home).run(RUN).attempt(OperationName("a"), attempt)
    folder.mkdir(parents=True)
    return folder / "log.txt"


async def read(home: Path) -> Sequence[LogPiece]:
    with closing(History.open(Home(home))) as history:
        return [piece async for piece in logs(history, RUN, "a", SystemClock())]


@pytest.mark.parametrize(
    ("content", "lengths"),
    [
        pytest.param("é\n".encode() * PIECE, [PIECE - 1] * 3 + [3], id="ends of lines"),
        pytest.param("aé".encode() + "é".encode() * PIECE, [PIECE - 1, PIECE, 4], id="characters"),
        pytest.param(b"\xff" * (PIECE + 1), [PIECE, 1], id="no text at all"),
        pytest.param(b"a\xc3", [1, 1], id="a half character at the end"),
    ],
)
async def test_a_long_log_is_cut_at(tmp_path: Path, content: bytes, lengths: list[int]) -> None:
    apply(tmp_path, *ON_A_CLUSTER)
    log_of(tmp_path).write_bytes(content)
    pieces = await read(tmp_path)
    assert [len(piece.content) for piece in pieces] == lengths
    assert b"".join(piece.content for piece in pieces) == content


async def test_no_half_a_character_is_told_while_the_other_half_is_written(tmp_path: Path) -> None:
    begun = story(Status.SCHEDULED, Status.RUNNING, Status.SUCCEEDED)
    apply(tmp_path, *begun[:-1])
    log = log_of(tmp_path)
    log.write_bytes(b"caf\xc3")
    async with AsyncClient(home_folder=tmp_path) as client:
        pieces = client.logs(RunId(RUN), "a", follow=True)
        first = await anext(pieces)
        with log.open("ab") as file:
            file.write(b"\xa9\n")
        second = await anext(pieces)
        apply(tmp_path, begun[-1])
        assert [piece async for piece in pieces] == []
    assert (first.text, second.text) == ("caf", "é\n")


async def test_an_operation_that_was_planned_anew_is_waited_for(tmp_path: Path) -> None:
    apply(tmp_path, *story(Status.SCHEDULED, Status.FAILED))
    log_of(tmp_path).write_bytes(b"first\n")
    resumed = story(Status.SCHEDULED, Status.SUCCEEDED, generation=1, first=10)
    apply(tmp_path, *resumed[:2])
    clock = FakeClock()
    with closing(History.open(Home(tmp_path))) as history:
        pieces = logs(history, RUN, "a", clock, follow=True)
        assert (await anext(pieces)).content == b"first\n"
        second = asyncio.ensure_future(anext(pieces))
        await clock.move(0)
        assert not second.done()
        log_of(tmp_path, 1).write_bytes(b"second\n")
        apply(tmp_path, *resumed[2:])
        await clock.move(LOOK_AGAIN)
        assert (await second).content == b"second\n"
        assert [piece async for piece in pieces] == []

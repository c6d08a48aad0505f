"""What is kept of a container's log."""

import asyncio

import pytest

from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.kubernetes.client import RefusedError, Turn
from polyflow_shared.cluster.kubernetes.tails import TRIES, cut, tails_of
from polyflow_shared.cluster.port import LogTail
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_topics.logs import MAX_TAIL_BYTES

CASES = {
    "nothing": (b"", LogTail("main", "")),
    "a line": (b"a\n", LogTail("main", "a\n")),
    "as much as is kept": (b"a" * MAX_TAIL_BYTES, LogTail("main", "a" * MAX_TAIL_BYTES)),
    "one byte more": (b"b" + b"a" * MAX_TAIL_BYTES, LogTail("main", "a" * MAX_TAIL_BYTES, cut=True)),
    "as many lines as are asked for": (b"\n" * 2000, LogTail("main", "\n" * 2000, cut=True)),
    "cut within a character": (
        "é".encode() * MAX_TAIL_BYTES,
        LogTail("main", "é" * (MAX_TAIL_BYTES // 2), cut=True),
    ),
    "cut in half a character": (
        "é".encode() * MAX_TAIL_BYTES + b"x",
        LogTail("main", "é" * (MAX_TAIL_BYTES // 2 - 1) + "x", cut=True),
    ),
    "no text": (b"a\xff\xfeb", LogTail("main", "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b")),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_kept(name: str) -> None:
    log, expected = CASES[name]
    assert cut("main", log) == expected


def test_what_grows_by_being_made_readable_still_fits() -> None:
    tail = cut("main", b"\xff" * MAX_TAIL_BYTES)
    assert len(tail.text.encode()) <= MAX_TAIL_BYTES
    assert tail.cut


class Logs:
    """A client that answers for logs."""

    def __init__(self, **logs: bytes | Exception | list[bytes | Exception]) -> None:
        self.logs = logs
        self.asked: list[str] = []

    async def text(self, path, query, turn):
        assert path == "/api/v1/namespaces/a/pods/pf-r1-0-0/log"
        assert turn == Turn("r1", hurried=False)
        self.asked.append(query["container"])
        answer = self.logs[query["container"]]
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Node:
    """A client that answers from one log as a kubelet does: from the first line on, up to the limit."""

    def __init__(self, log: bytes) -> None:
        self.lines = log.splitlines(keepends=True)

    async def text(self, path, query, turn):
        return b"".join(self.lines[-query["tailLines"] :])[: query["limitBytes"]]


def pod(**states: dict) -> dict:
    statuses = [{"name": name, "state": state} for name, state in states.items()]
    return {"metadata": {"namespace": "a", "name": "pf-r1-0-0"}, "status": {"containerStatuses": statuses}}


async def read(logs: Logs | Node, there: dict) -> list[LogTail]:
    """Return the tails, however long the pauses are."""
    clock = FakeClock()
    reading = asyncio.create_task(tails_of(logs, there, clock))
    async with asyncio.timeout(10):
        while not reading.done():
            await asyncio.sleep(0)
            await clock.move(1)
    return list(reading.result())


async def test_containers_that_have_begun_are_read_and_others_not() -> None:
    logs = Logs(main=b"a\n", side=b"b\n")
    ended = pod(main={"terminated": {}}, side={"running": {}}, never={"waiting": {}})
    assert await read(logs, ended) == [LogTail("main", "a\n"), LogTail("side", "b\n")]
    assert logs.asked == ["main", "side"]


LINE = b"x" * 3000 + b"\n"
WIDE = b"y" * 16_000 + b"\n"
LONG = {
    "long lines": LINE * 3000,
    "long lines and a short end": LINE * 3000 + b"the end\n" * 200,
    "lines as long as a node keeps them": WIDE * 3000,
    "a few long lines before short ones": WIDE * 1900 + b"the end\n" * 300,
}


@pytest.mark.parametrize("name", LONG)
async def test_of_a_log_with_more_than_is_read_the_end_is_kept(name: str) -> None:
    log = LONG[name]
    (tail,) = await read(Node(log), pod(main={"terminated": {}}))
    assert (tail.missing, tail.cut) == ("", True)
    assert tail.text
    assert log.endswith(tail.text.encode())


AWAY = ClusterUnavailableError("the API server says 500: etcd is away")
NO_NODE = ClusterUnavailableError(
    'the API server says 500: Get "https://10.0.0.7:10250/containerLogs/a/pf-r1-0-0/main": connection refused'
)


async def test_a_log_that_is_not_answered_for_is_asked_for_again() -> None:
    logs = Logs(main=[AWAY, AWAY, b"a\n"])
    assert await read(logs, pod(main={"terminated": {}})) == [LogTail("main", "a\n")]


GIVEN_UP = {
    "the API server fails again and again": (AWAY, TRIES),
    "its node cannot be reached": (NO_NODE, 1),
    "it is gone": (RefusedError(404, {"message": "gone"}), 1),
}


@pytest.mark.parametrize("name", GIVEN_UP)
async def test_a_log_that_cannot_be_read_says_why_and_nothing_waits_for_it_for_ever(name: str) -> None:
    error, tries = GIVEN_UP[name]
    logs = Logs(main=error)
    (tail,) = await read(logs, pod(main={"terminated": {}}))
    assert (tail.text, tail.cut, tail.missing) == ("", False, str(error))
    assert len(logs.asked) == tries

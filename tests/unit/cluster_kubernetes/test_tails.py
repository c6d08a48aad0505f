"""What is kept of a container's log."""

import pytest

from polyflow_shared.cluster.kubernetes.client import RefusedError
from polyflow_shared.cluster.kubernetes.tails import cut, tails_of
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

    def __init__(self, **logs: bytes | Exception) -> None:
        self.logs = logs
        self.asked: list[str] = []

    async def text(self, path, query):
        assert path == "/api/v1/namespaces/a/pods/p/log"
        self.asked.append(query["container"])
        answer = self.logs[query["container"]]
        if isinstance(answer, Exception):
            raise answer
        return answer


def pod(**states: dict) -> dict:
    statuses = [{"name": name, "state": state} for name, state in states.items()]
    return {"metadata": {"namespace": "a", "name": "p"}, "status": {"containerStatuses": statuses}}


async def test_containers_that_have_begun_are_read_and_others_not() -> None:
    logs = Logs(main=b"a\n", side=b"b\n")
    ended = pod(main={"terminated": {}}, side={"running": {}}, never={"waiting": {}})
    assert await tails_of(logs, ended) == [LogTail("main", "a\n"), LogTail("side", "b\n")]
    assert logs.asked == ["main", "side"]


@pytest.mark.parametrize(
    "error", [ClusterUnavailableError("the node is away"), RefusedError(404, {"message": "gone"})]
)
async def test_a_log_that_cannot_be_read_says_why(error) -> None:
    (tail,) = await tails_of(Logs(main=error), pod(main={"terminated": {}}))
    assert (tail.text, tail.cut) == ("", False)
    assert tail.missing

"""What an informer tells, whatever happens to its lists and watches."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.kubernetes.client import Object, Query, RefusedError, SilentError
from polyflow_shared.cluster.kubernetes.informer import Change, Gone, Informer, Present
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_shared.observing.logs import log_of

PODS = "/api/v1/namespaces/a/pods"


def pod(name: str, version: int) -> Object:
    return {"metadata": {"name": name, "namespace": "a", "uid": "u", "resourceVersion": str(version)}}


def page(version: int, *names: str, more: str = "") -> Object:
    items = [pod(name, version) for name in names]
    return {"metadata": {"resourceVersion": str(version), "continue": more}, "items": items}


def event(kind: str, name: str, version: int) -> Object:
    return {"type": kind, "object": pod(name, version)}


EXPIRED: Object = {"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}}
BUSY: Object = {"type": "ERROR", "object": {"code": 500, "message": "etcd is away"}}


class Server:
    """Answers lists and watches by a script: a page, an error, or what a watch yields before its end."""

    def __init__(self, *answers: Object | Exception | Sequence[list[Object] | Exception]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str]] = []

    async def get(self, path: str, query: Query | None = None) -> Object:
        assert path == PODS
        self.asked.append(("list", str((query or {}).get("continue", ""))))
        answer = self._next()
        assert isinstance(answer, dict), "a watch was expected"
        return answer

    async def watch(self, path: str, query: Query, *, silence: float) -> AsyncIterator[list[Object]]:
        assert path == PODS
        assert int(query["timeoutSeconds"]) < silence
        self.asked.append(("watch", str(query["resourceVersion"])))
        answer = self._next()
        assert not isinstance(answer, dict), "a list was expected"
        for portion in answer:
            if isinstance(portion, Exception):
                raise portion
            yield portion

    def _next(self):
        if not self.answers:
            raise asyncio.CancelledError
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def told(server: Server) -> list[Change]:
    """Return what is told until the script is over."""
    clock = FakeClock()
    changes: list[Change] = []

    async def follow() -> None:
        informer = Informer(server, PODS, "polyflow.io/tracked=true", clock, log_of("test"))
        async for portion in informer.follow():
            changes.extend(portion)

    following = asyncio.create_task(follow())
    async with asyncio.timeout(10):
        while not following.done():
            await asyncio.sleep(0)
            await clock.move(20)
    return changes


def words(changes: Sequence[Change]) -> str:
    return " ".join(
        f"-{change.name}"
        if isinstance(change, Gone)
        else f"{change.pod['metadata']['name']}{change.pod['metadata']['resourceVersion']}"
        for change in changes
    )


CASES = {
    "a list, then changes": (
        [page(5, "a", "b"), [[event("ADDED", "c", 6), event("MODIFIED", "a", 7)], [event("DELETED", "b", 8)]]],
        "a5 b5 c6 a7 -b",
        [("list", ""), ("watch", "5"), ("watch", "8")],
    ),
    "a long list comes in pages": (
        [page(5, "a", more="x"), page(5, "b", more="y"), page(5, "c")],
        "a5 b5 c5",
        [("list", ""), ("list", "x"), ("list", "y"), ("watch", "5")],
    ),
    "a bookmark moves on without a change": (
        [page(5, "a"), [[event("BOOKMARK", "", 9)]]],
        "a5",
        [("list", ""), ("watch", "5"), ("watch", "9")],
    ),
    "a watch that breaks goes on from its last event": (
        [page(5, "a"), [[event("MODIFIED", "a", 6)], ClusterUnavailableError("half a line")], [[event("ADDED", "b", 7)]]],
        "a5 a6 b7",
        [("list", ""), ("watch", "5"), ("watch", "6"), ("watch", "7")],
    ),
    "too old: everything is listed again, and what has gone meanwhile is told": (
        [page(5, "a", "b"), [[EXPIRED]], page(9, "b", "c"), []],
        "a5 b5 b9 c9 -a",
        [("list", ""), ("watch", "5"), ("list", ""), ("watch", "9"), ("watch", "9")],
    ),
    "too old already when it is asked": (
        [page(5, "a"), RefusedError(410, {}), page(9, "a")],
        "a5 a9",
        [("list", ""), ("watch", "5"), ("list", ""), ("watch", "9")],
    ),
    "silence: everything is listed again": (
        [page(5, "a"), [SilentError("nothing was heard")], page(9)],
        "a5 -a",
        [("list", ""), ("watch", "5"), ("list", ""), ("watch", "9")],
    ),
    "an error of the server is no reason to list again, three in a row are": (
        [page(5, "a"), [[BUSY]], [[BUSY]], [[BUSY]], page(6, "a")],
        "a5 a6",
        [("list", ""), *[("watch", "5")] * 3, ("list", ""), ("watch", "6")],
    ),
    "what comes before an error is told": (
        [page(5, "a", "b"), [[event("MODIFIED", "a", 6), event("DELETED", "b", 7), BUSY]], []],
        "a5 b5 a6 -b",
        [("list", ""), ("watch", "5"), ("watch", "7"), ("watch", "7")],
    ),
    "what comes before it was too old is told": (
        [page(5, "a", "b"), [[event("DELETED", "b", 6), EXPIRED]], page(9, "a")],
        "a5 b5 -b a9",
        [("list", ""), ("watch", "5"), ("list", ""), ("watch", "9")],
    ),
    "a list that breaks off begins again": (
        [page(5, "a", more="x"), RefusedError(410, {}), page(7, "b")],
        "a5 b7 -a",
        [("list", ""), ("list", "x"), ("list", ""), ("watch", "7")],
    ),
    "the server is away at first": (
        [ClusterUnavailableError("away"), ClusterUnavailableError("away"), page(5, "a")],
        "a5",
        [("list", "")] * 3 + [("watch", "5")],
    ),
    "what is no list is asked for again": (
        [{"kind": "Sign in"}, page(5, "a", more="x"), {"metadata": {}, "items": []}, page(7, "b")],
        "a5 b7 -a",
        [("list", ""), ("list", ""), ("list", "x"), ("list", ""), ("watch", "7")],
    ),
    "what comes with something that is no event is told by the next watch": (
        [page(5, "a"), [[event("MODIFIED", "a", 6), {"type": "ADDED", "object": {}}]], [[event("MODIFIED", "a", 6)]]],
        "a5 a6",
        [("list", ""), ("watch", "5"), ("watch", "5"), ("watch", "6")],
    ),
    "what is no event is no reason to list again, three in a row are": (
        [page(5, "a"), [[{"type": "BOOKMARK"}]], [[{"object": pod("a", 6)}]], [[{"type": "ERROR", "object": []}]], page(6)],
        "a5 -a",
        [("list", ""), *[("watch", "5")] * 3, ("list", ""), ("watch", "6")],
    ),
    "an error whose code is none is an error of the server": (
        [page(5, "a"), [[{"type": "ERROR", "object": {"code": "gone"}}]], []],
        "a5",
        [("list", ""), ("watch", "5"), ("watch", "5"), ("watch", "5")],
    ),
    "who may not list is told so again and again until it may": (
        [RefusedError(403, {"message": "forbidden"}), page(5, "a")],
        "a5",
        [("list", ""), ("list", ""), ("watch", "5")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_what_is_told(name: str) -> None:
    script, expected, asked = CASES[name]
    server = Server(*script)
    assert words(await told(server)) == expected
    assert server.asked == asked


async def test_one_that_is_deleted_is_told_by_its_name() -> None:
    changes = await told(Server(page(5, "a"), [[event("DELETED", "a", 6)]]))
    assert changes == [Present(pod("a", 5)), Gone("a")]

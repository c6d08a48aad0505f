"""What the API server's answers come to, over a connection to a server that answers by a table."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.kubernetes.access import RENEWED_EVERY, Reach
from polyflow_shared.cluster.kubernetes.client import Client, RefusedError, connect
from polyflow_shared.cluster.kubernetes.cluster import KubernetesCluster
from polyflow_shared.cluster.kubernetes.place import Place
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_shared.observing.logs import log_of
from polyflow_topics.names import PodName
from tests.unit.cluster_kubernetes.pods import NOT_FOUND

LIMIT = 10.0
"""Seconds within which everybody is answered."""
WATCHES = 20
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
CONFIG = """
clusters: [{{name: c, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
contexts: [{{name: c, context: {{cluster: c, user: u}}}}]
users: [{{name: u, user: {user}}}]
current-context: c
"""


@asynccontextmanager
async def connected(
    folder: Path,
    answer: Answer,
    *,
    in_flight: int = 64,
    user: str = "{token: t}",
    clock: FakeClock | None = None,
) -> AsyncIterator[Client]:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    config = folder / "config"
    config.write_text(CONFIG.format(port=runner.addresses[0][1], user=user))
    client = await connect(Reach(kubeconfig=config, in_flight=in_flight), clock or FakeClock())
    try:
        yield client
    finally:
        await client.close()
        await runner.cleanup()


NO_OBJECTS = {
    "a page": "<html>Sign in</html>",
    "nothing": "",
    "a list": "[]",
    "half an object": '{"kind": "Pod", ',
}


@pytest.mark.parametrize("name", NO_OBJECTS)
async def test_an_answer_that_is_no_object_is_one_that_may_be_another_later(
    tmp_path: Path, name: str
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=NO_OBJECTS[name], content_type="text/html")

    async with connected(tmp_path, answer) as client:
        with pytest.raises(ClusterUnavailableError, match=r"GET /api/v1/pods: the answer is no JSON"):
            await client.get("/api/v1/pods")


def status(code: int, message: str) -> web.Response:
    return web.json_response({"kind": "Status", "code": code, "message": message}, status=code)


@pytest.fixture
def token(tmp_path: Path) -> Path:
    """The file of what a credential plug-in says; without the file it fails."""
    return tmp_path / "credentials"


def plug_in(token: Path) -> str:
    """Return a user of a kubeconfig who is known by a plug-in."""
    how = {"apiVersion": "client.authentication.k8s.io/v1", "command": "cat", "args": [str(token)]}
    return json.dumps({"exec": how})


def give(token: Path, text: str) -> None:
    told = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
    token.write_text(json.dumps({**told, "status": {"token": text}}))


def fail(token: Path) -> None:
    token.unlink()


async def test_a_token_of_a_plug_in_that_is_not_good_any_more_is_asked_for_anew(
    tmp_path: Path, token: Path
) -> None:
    heard: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append(request.headers["Authorization"])
        return web.json_response({}) if heard[-1] == "Bearer new" else status(401, "Unauthorized")

    give(token, "old")
    clock = FakeClock()
    async with connected(tmp_path, answer, user=plug_in(token), clock=clock) as client:
        give(token, "new")
        await clock.move(RENEWED_EVERY)
        assert await client.get("/api/v1/pods") == {}
    assert heard == ["Bearer old", "Bearer new"]


async def test_a_plug_in_is_not_asked_for_each_request_that_is_refused(tmp_path: Path, token: Path) -> None:
    heard: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append(request.headers["Authorization"])
        return status(401, "Unauthorized")

    give(token, "old")
    clock = FakeClock()
    async with connected(tmp_path, answer, user=plug_in(token), clock=clock) as client:
        await clock.move(RENEWED_EVERY)
        for _ in range(2):
            with pytest.raises(ClusterUnavailableError, match="401: Unauthorized"):
                await client.get("/api/v1/pods")
        fail(token)
        await clock.move(RENEWED_EVERY)
        with pytest.raises(
            ClusterUnavailableError, match=r"\(401\), and how to reach Kubernetes is not known"
        ):
            await client.get("/api/v1/pods")
    assert len(heard) == 4


OF_WEBHOOKS = {
    "one that does not answer": (500, 'Internal error occurred: failed calling webhook "w": EOF'),
    "one that denies with an error of its own": (503, 'admission webhook "w" denied the request: no'),
}


@pytest.mark.parametrize("name", OF_WEBHOOKS)
async def test_what_a_webhook_is_to_blame_for_is_no_answer_of_the_api_servers_own(
    tmp_path: Path, name: str
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return status(*OF_WEBHOOKS[name])

    async with connected(tmp_path, answer) as client:
        with pytest.raises(RefusedError, match=r'webhook "w"'):
            await client.get("/api/v1/pods")


async def test_an_error_of_the_api_servers_own_may_be_another_answer_later(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.Response:
        return status(500, "Internal error occurred: etcdserver: request timed out")

    async with connected(tmp_path, answer) as client:
        with pytest.raises(ClusterUnavailableError, match="etcdserver"):
            await client.get("/api/v1/pods")


def asked_of(client: Client) -> KubernetesCluster:
    return KubernetesCluster(client, Place(namespaces=["a"]), FakeClock(), log_of("test"))


OF_OTHERS = {
    "a load balancer": "default backend - 404",
    "a web server": "<html><h1>404 Not Found</h1></html>",
    "another API": '{"type": "error", "status": 404, "message": "cluster not found"}',
    "nothing": "",
}


@pytest.mark.parametrize("name", OF_OTHERS)
async def test_that_there_is_no_pod_is_not_taken_from_what_is_no_api_server(
    tmp_path: Path, name: str
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=OF_OTHERS[name], status=404)

    async with connected(tmp_path, answer) as client:
        with pytest.raises(ClusterUnavailableError, match="something else than the API server says 404"):
            await asked_of(client).get(PodName("pf-r1-0-0"))


async def test_that_there_is_no_pod_is_taken_from_the_api_server(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(NOT_FOUND, status=404)

    async with connected(tmp_path, answer) as client:
        assert await asked_of(client).get(PodName("pf-r1-0-0")) is None


async def test_watches_are_heard_however_many_there_are(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"type": "BOOKMARK"}\n')
        await asyncio.Event().wait()
        return response

    async with connected(tmp_path, answer, in_flight=1) as client, asyncio.timeout(LIMIT):
        heard = asyncio.Barrier(WATCHES)

        async def watch(namespace: int) -> None:
            events = client.watch(f"/api/v1/namespaces/{namespace}/pods", {}, silence=LIMIT)
            async with aclosing(events):
                assert await anext(events) == [{"type": "BOOKMARK"}]
                await heard.wait()  # no one lets go before all were heard

        await asyncio.gather(*(watch(number) for number in range(WATCHES)))

"""The endpoint over real HTTP, with the embedded broker behind it."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from polyflow_services.gateway.act import Ingestion, Limits
from polyflow_services.gateway.connections import Doors
from polyflow_services.gateway.web import application, listening
from polyflow_shared.broker.memory import MemoryBroker
from polyflow_shared.errors import AccessError, BrokerUnavailableError, RecordTooLargeError
from polyflow_shared.loops.service import Shell
from polyflow_shared.observing.metrics import GATEWAY_REQUESTS, MemoryMeter
from polyflow_shared.stated.tokens import Attempt, token_of
from polyflow_topics.catalog import RUN_INBOX, RUN_METRICS
from polyflow_topics.names import OperationName, RunId
from tests.unit.shared.shells import a_broker, a_shell, everything_on

KEY = b"0123456789abcdef0123456789abcdef"
RUN = RunId("7a4e1f3c-0000-5000-8000-000000000001")
ATTEMPT = Attempt(RUN, 2, 1)
TOKEN = token_of(ATTEMPT, OperationName("search.mlp"), KEY)
LINE = b'{"values": {"loss": 0.5}, "step": 3, "at": 1767225600.25}'


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass
class Endpoint:
    address: str
    broker: MemoryBroker
    meter: MemoryMeter

    async def post(
        self, path: str, body: bytes, *, token: str | None = TOKEN, attempt: str = ATTEMPT.path
    ) -> Answer:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = Request(f"{self.address}{attempt}{path}", data=body, headers=headers)
        return await asyncio.to_thread(_answer, request)

    async def send(self, rest: bytes, *, leaves: bool = False) -> bytes:
        """Send what comes after the first lines of a request; return all of the answer."""
        reader, writer = await self.connect()
        head = f"POST {ATTEMPT.path}/outputs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\n"
        writer.write(head.encode() + b"Connection: close\r\n" + rest)
        await writer.drain()
        if leaves:
            writer.write_eof()
        answer = await reader.read()
        writer.close()
        return answer

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self.address.removeprefix("http://").split(":")
        return await asyncio.open_connection(host, int(port))

    @property
    def answers(self) -> Mapping[str, float]:
        """How many answers there were, by HTTP's status."""
        counts = self.meter.values.items()
        return {place[1]: count for place, count in counts if place[0] == GATEWAY_REQUESTS.name}


def _answer(request: Request) -> Answer:
    try:
        with urlopen(request, timeout=10) as response:
            return Answer(response.status, dict(response.headers), json.load(response))
    except HTTPError as error:
        with error:
            return Answer(error.code, dict(error.headers), json.load(error))


@dataclass
class BrokenSink:
    error: Exception

    async def send(self, records) -> None:
        raise self.error

    async def close(self) -> None:
        return


@asynccontextmanager
async def endpoint(
    limits: Limits | None = None, *, doors: Doors | None = None, broken: Exception | None = None
) -> AsyncIterator[Endpoint]:
    broker, meter = await a_broker(), MemoryMeter()
    shell: Shell = replace(await a_shell(broker, "gateway"), meter=meter)
    if broken:
        shell = replace(shell, sink=BrokenSink(broken))
    app = application(Ingestion(shell, KEY, limits or Limits()), shell)
    async with listening(app, "127.0.0.1", 0, doors or Doors()) as address:
        yield Endpoint(address, broker, meter)
    await broker.close()


async def test_outputs_are_on_the_inbox_when_they_are_acknowledged():
    async with endpoint() as there:
        answer = await there.post("/outputs?number=3", b'{"accuracy": 0, "note": ""}')
        assert (answer.status, answer.body) == (200, {"acknowledged": {"number": 3}})
        (said,) = await everything_on(there.broker, RUN_INBOX.name)
    assert (said.run, said.index, said.attempt, said.number) == (RUN, 2, 1, 3)
    assert said.outputs == {"accuracy": 0, "note": ""}


async def test_metrics_are_on_their_topic_with_numbers_and_the_operation_of_the_token():
    body = LINE + b'\n\n{"values": {"loss": NaN, "epoch": 2}}\n'
    async with endpoint() as there:
        answer = await there.post("/metrics?first=7", body)
        assert (answer.status, answer.body) == (200, {"acknowledged": {"measurements": 2}})
        first, second = await everything_on(there.broker, RUN_METRICS.name)
    assert (first.operation, first.attempt, first.line, first.step) == ("search.mlp", 1, 7, 3)
    assert first.at.timestamp() == 1767225600.25
    assert (second.line, second.step, second.values["epoch"]) == (9, None, 2.0)
    assert math.isnan(second.values["loss"])


async def test_the_same_request_twice_says_the_same_twice():
    async with endpoint() as there:
        for _ in range(2):
            await there.post("/metrics?first=0", LINE)
            await there.post("/outputs?number=1", b"{}")
        metrics = await everything_on(there.broker, RUN_METRICS.name)
        outputs = await everything_on(there.broker, RUN_INBOX.name)
    assert len({one.identity() for one in metrics}) == len({one.identity() for one in outputs}) == 1


OTHERS = token_of(replace(ATTEMPT, attempt=0), OperationName("search.mlp"), KEY)
REFUSED = {
    "no token": ("/outputs", b"{}", {"token": None}, 401, "TokenMissing", "Authorization: Bearer"),
    "the token of another attempt": (
        "/outputs",
        b"{}",
        {"token": OTHERS},
        401,
        "TokenInvalid",
        "of the same pod",
    ),
    "a token of nobody": ("/metrics?first=0", LINE, {"token": "x.y"}, 401, "TokenInvalid", "POLYFLOW_TOKEN"),
    "no such path": ("/logs", b"{}", {}, 404, "NotFound", "POLYFLOW_GATEWAY/outputs"),
    "no such attempt": (
        "/outputs",
        b"{}",
        {"attempt": f"/v1/runs/{RUN}/operations/2/attempts/x"},
        404,
        "NotFound",
        "numbers",
    ),
    "outputs that are too large": (
        "/outputs",
        b'"' + b"x" * 65536,
        {},
        413,
        "TooLarge",
        "65536 bytes: write what is large to a file among the artifacts",
    ),
    "metrics that are too large": (
        "/metrics?first=0",
        b"x" * 262_145,
        {},
        413,
        "TooLarge",
        "262144 bytes: send less in one request",
    ),
    "too many lines": (
        "/metrics?first=0",
        b"\n" * 1001,
        {},
        413,
        "TooLarge",
        "1000 lines: send fewer lines in one request",
    ),
    "outputs that are no JSON": ("/outputs", b"{", {}, 422, "OutputsInvalid", "not JSON"),
    "outputs that are a list": ("/outputs", b"[1]", {}, 422, "OutputsInvalid", "a list"),
    "outputs with NaN": ("/outputs", b'{"a": NaN}', {}, 422, "OutputsInvalid", "JSON"),
    "a number that is none": ("/outputs?number=-1", b"{}", {}, 422, "NumberInvalid", "whole number"),
    "metrics without the number of the first": ("/metrics", LINE, {}, 422, "FirstMissing", "?first=N"),
    "a line without values": (
        "/metrics?first=4",
        LINE + b'\n{"loss": 1}',
        {},
        422,
        "MetricsInvalid",
        "line 5",
    ),
    "a metric that is a text": (
        "/metrics?first=0",
        b'{"values": {"a": "1"}}',
        {},
        422,
        "MetricsInvalid",
        "'1'",
    ),
    "a step that is none": (
        "/metrics?first=0",
        b'{"values": {}, "step": 0.5}',
        {},
        422,
        "MetricsInvalid",
        "step",
    ),
    "a moment that is none": (
        "/metrics?first=0",
        b'{"values": {}, "at": 1e99}',
        {},
        422,
        "MetricsInvalid",
        "line 0",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_refused_is_told_what_to_do(case):
    path, body, more, status, reason, told = REFUSED[case]
    async with endpoint() as there:
        answer = await there.post(path, body, **more)
        topics = [await everything_on(there.broker, topic.name) for topic in (RUN_INBOX, RUN_METRICS)]
    assert (answer.status, answer.body["error"]["reason"]) == (status, reason)
    assert told in answer.body["error"]["message"]
    assert topics == [[], []]


async def test_an_attempt_that_sends_too_often_is_told_when_to_come_again():
    async with endpoint(Limits(per_second=0.1)) as there:
        assert (await there.post("/outputs", b"{}")).status == 200
        answer = await there.post("/outputs", b"{}")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "10")


BROKEN = {
    "away": (
        BrokerUnavailableError("no node is there"),
        (503, "BrokerUnavailable", "1"),
        "the broker has not acknowledged it: send it again, which does no harm",
    ),
    "a record too large": (
        RecordTooLargeError("writing: MessageSizeTooLargeError"),
        (413, "TooLarge", None),
        "the broker takes nothing as large as this: send less in one request",
    ),
    "an account without permission": (
        AccessError("writing: our account is not allowed to"),
        (500, "NotPublished", None),
        "the broker refuses it, until an administrator has mended what the gateway's log says",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_what_the_broker_has_not_is_not_acknowledged(case, caplog):
    error, (status, reason, wait), told = BROKEN[case]
    async with endpoint(broken=error) as there:
        answer = await there.post("/outputs", b"{}")
    assert (answer.status, answer.headers.get("Retry-After")) == (status, wait)
    assert answer.body["error"] == {"reason": reason, "message": told}
    logged = [record.keys["error"] for record in caplog.records if record.levelname == "ERROR"]
    assert logged == ([] if status == 503 else [str(error)])


@pytest.mark.parametrize(
    "error", [*(row[0] for row in BROKEN.values()), ZeroDivisionError("a bug")], ids=repr
)
async def test_every_answer_is_counted(error):
    async with endpoint(broken=error) as there:
        head = await there.send(b"Content-Length: 2\r\n\r\n{}")
    assert there.answers == {head.split()[1].decode(): 1}


async def test_a_body_that_is_not_packed_as_its_head_says_is_refused():
    async with endpoint() as there:
        answer = await there.send(b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"the body is cut off, or not encoded as its head says: send it whole" in answer
    assert there.answers == {"400": 1}


async def test_a_sender_that_goes_away_within_its_body_is_no_error_of_the_gateway(caplog):
    async with endpoint() as there:
        await there.send(b"Content-Length: 100\r\n\r\n{", leaves=True)
    assert there.answers == {"400": 1}
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


NO_REQUESTS = {
    "no HTTP": b"GARBAGE\r\n\r\n",
    "a length that is none": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: abc\r\n\r\n",
    "a head without end": b"POST /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("name", NO_REQUESTS)
async def test_what_is_no_request_is_no_error_of_the_gateway(name, caplog):
    async with endpoint() as there:
        reader, writer = await there.connect()
        writer.write(NO_REQUESTS[name])
        assert (await reader.read()).startswith(b"HTTP/1.0 400 ")
        writer.close()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_busy_gateway_says_so():
    async with endpoint(Limits(at_once=0)) as there:
        assert (await there.post("/outputs", b"{}")).body["error"]["reason"] == "Busy"


@pytest.mark.parametrize("sent", [b"", b"POST /v1/ru", b"POST / HTTP/1.1\r\nHost: a\r\nX-Half"])
async def test_who_has_not_said_what_it_wants_is_not_waited_for(sent):
    async with endpoint(doors=Doors(idle=0.1)) as there:
        reader, writer = await there.connect()
        writer.write(sent)
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()


async def test_a_head_that_comes_in_drops_is_not_waited_for_any_longer():
    async with endpoint(doors=Doors(idle=0.3)) as there:
        reader, writer = await there.connect()
        ended = asyncio.ensure_future(reader.read())
        async with asyncio.timeout(10):
            while not ended.done():
                writer.write(b"P")
                await asyncio.wait({ended}, timeout=0.05)
        assert isinstance(ended.exception(), ConnectionError | None)
        writer.close()


async def test_who_says_nothing_more_after_an_answer_is_not_waited_for():
    async with endpoint(doors=Doors(idle=0.1)) as there:
        reader, writer = await there.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
    assert answer.startswith(b"HTTP/1.1 404 ")


async def test_more_connections_than_there_is_room_for_are_told_to_come_again():
    refused = list[bool]()
    async with endpoint(doors=Doors(most=1, refused=lambda: refused.append(True))) as there:
        reader, writer = await there.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        late, other = await there.connect()
        answer = await late.read()
        writer.close()
        other.close()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 1\r\n" in answer
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["reason"] == "Busy"
    assert refused == [True]

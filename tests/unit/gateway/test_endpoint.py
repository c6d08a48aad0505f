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
from polyflow_services.gateway.web import application, listening
from polyflow_shared.broker.memory import MemoryBroker
from polyflow_shared.errors import BrokerUnavailableError
from polyflow_shared.service import Shell
from polyflow_shared.tokens import Attempt, token_of
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

    async def post(
        self, path: str, body: bytes, *, token: str | None = TOKEN, attempt: str = ATTEMPT.path
    ) -> Answer:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = Request(f"{self.address}{attempt}{path}", data=body, headers=headers)
        return await asyncio.to_thread(_answer, request)


def _answer(request: Request) -> Answer:
    try:
        with urlopen(request, timeout=10) as response:
            return Answer(response.status, dict(response.headers), json.load(response))
    except HTTPError as error:
        with error:
            return Answer(error.code, dict(error.headers), json.load(error))


class BrokenSink:
    async def send(self, records) -> None:
        raise BrokerUnavailableError("away")

    async def close(self) -> None:
        return


@asynccontextmanager
async def endpoint(limits: Limits | None = None, *, broken: bool = False) -> AsyncIterator[Endpoint]:
    broker = await a_broker()
    shell: Shell = await a_shell(broker, "gateway")
    if broken:
        shell = replace(shell, sink=BrokenSink())
    app = application(Ingestion(shell, KEY, limits or Limits()), shell)
    async with listening(app, "127.0.0.1", 0) as address:
        yield Endpoint(address, broker)
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


async def test_what_the_broker_has_not_is_not_acknowledged():
    async with endpoint(broken=True) as there:
        answer = await there.post("/outputs", b"{}")
    assert (answer.status, answer.body["error"]["reason"]) == (503, "BrokerUnavailable")
    assert answer.headers["Retry-After"] == "1"


async def test_a_busy_gateway_says_so():
    async with endpoint(Limits(at_once=0)) as there:
        assert (await there.post("/outputs", b"{}")).body["error"]["reason"] == "Busy"

"""Records of the topic, as they come."""

import json
from datetime import UTC, datetime

import pytest

from polyflow_services.spec_validator.act import Validator
from polyflow_services.spec_validator.core import Installation
from polyflow_shared.broker.codec import encode
from polyflow_shared.broker.port import Record
from polyflow_shared.errors import NotDecodableError
from polyflow_topics.events import RequestAccepted, RequestRejected
from polyflow_topics.inbox import StopRequested
from polyflow_topics.names import RunId, run_id
from polyflow_topics.plan import PlanBegun, PlanEnded, PlanPart
from polyflow_topics.requests import RequestPipeline, StopPipeline

AT = datetime(2026, 1, 1, tzinfo=UTC)


def delivered(message):
    sent = encode(message, source="/me", at=AT)
    return Record(sent.topic, 0, 0, sent.key, sent.value, sent.headers, AT)


def raw(value, **attributes):
    headers = tuple((f"ce_{name}", text.encode()) for name, text in attributes.items())
    return Record("polyflow.pipeline-requests", 0, 0, "", value, headers, AT)


REQUEST = RequestPipeline(
    specification={"run": {"kind": "job", "container": {"command": ["a"]}}}, request="7"
)


async def test_a_request_becomes_a_plan_under_the_id_of_its_event():
    messages = await Validator().act(delivered(REQUEST))
    assert [type(message) for message in messages] == [PlanBegun, PlanPart, PlanEnded, RequestAccepted]
    assert {message.run for message in messages} == {run_id("/me", "7")}


async def test_a_repetition_gives_the_same_messages():
    assert await Validator().act(delivered(REQUEST)) == await Validator().act(delivered(REQUEST))


async def test_a_body_that_cannot_be_read_is_answered():
    (message,) = await Validator().act(
        raw(b"\xff", id="1", source="/me", type=RequestPipeline.WIRE, specversion="1.0")
    )
    assert isinstance(message, RequestRejected)
    assert (message.run, message.at) == (run_id("/me", "1"), AT)


async def test_a_stop_goes_to_the_planner():
    stop = StopPipeline(run=RunId("r"), reason="Boring", message="enough")
    assert await Validator().act(delivered(stop)) == [
        StopRequested(run=RunId("r"), reason="Boring", message="enough", request="r/stop/Boring")
    ]


@pytest.mark.parametrize("run", ["", "r/scope-number", "r run", "r" * 65])
async def test_what_is_asked_of_no_run_that_can_be_is_not_taken(run):
    body = json.dumps({"run": run}).encode()
    with pytest.raises(NotDecodableError, match="run"):
        await Validator().act(raw(body, id="1", source="/me", type=StopPipeline.WIRE, specversion="1.0"))


@pytest.mark.parametrize(
    ("event", "request_id", "taken"),
    [("x" * 201, "", False), ("x", "x" * 201, False), ("x" * 201, "x", True), ("x" * 200, "", True)],
)
async def test_an_id_that_is_too_long_to_be_remembered_is_not_taken(event, request_id, taken):
    body = json.dumps({"run": "r", "request": request_id}).encode()
    record = raw(body, id=event, source="/me", type=StopPipeline.WIRE, specversion="1.0")
    if taken:
        (asked,) = await Validator().act(record)
        assert asked.request == (request_id or event)
    else:
        with pytest.raises(NotDecodableError, match="200"):
            await Validator().act(record)


@pytest.mark.parametrize("missing", ["id", "source", "type", "specversion"])
async def test_an_event_that_names_no_run_cannot_be_answered(missing):
    attributes = {"id": "1", "source": "/me", "type": RequestPipeline.WIRE, "specversion": "1.0"}
    del attributes[missing]
    with pytest.raises(NotDecodableError):
        await Validator().act(raw(b"{}", **attributes))


async def test_another_type_does_not_belong_here():
    with pytest.raises(NotDecodableError):
        await Validator().act(delivered(StopRequested(run=RunId("r"))))


async def test_operations_go_to_known_clusters_only():
    specification = {"queue": "far", "run": {"kind": "job", "container": {"command": ["a"]}}}
    request = delivered(RequestPipeline(specification=specification, request="7"))
    (rejected,) = await Validator().act(request)
    assert rejected.problems[0].code == "PF3016"
    _, part, *_ = await Validator(Installation(frozenset({"far"}))).act(request)
    assert part.operations[0].cluster == "far"

"""Requests as tests write them, and what is read from the answers."""

import json
from datetime import UTC, datetime

from polyflow_services.spec_validator.core import NO_INSTALLATION, RequestRecord, answer
from polyflow_services.spec_validator.requests import request
from polyflow_shared.references.fetching import not_sent
from polyflow_topics.events import RequestRejected
from polyflow_topics.plan import PlanBegun, PlanEnded

AT = datetime(2026, 1, 1, tzinfo=UTC)
JOB = "run: {kind: job, container: {command: [a]}}"


def record(body, request_id="1"):
    return RequestRecord(body, "/me", request_id, AT)


def validate(of, *, installation=NO_INSTALLATION, fetch=not_sent):
    """Return the plan of a request, in order, or its rejection."""
    return answer(of, request.read(of.value), installation=installation, fetch=fetch)


def ask(specification, **fields):
    return validate(record(json.dumps({"specification": specification, **fields}).encode()))


def problems(messages):
    (message,) = messages
    assert isinstance(message, RequestRejected), message
    return message.problems


def plan(messages):
    """Return begin, operations by name, edges as pairs of numbers, opening edges, and scopes of a plan."""
    assert not isinstance(messages[0], RequestRejected), messages[0].problems
    begun, *parts, ended = messages
    assert isinstance(begun, PlanBegun)
    assert isinstance(ended, PlanEnded)
    assert [part.part for part in parts] == list(range(begun.parts))
    edges = [edge for part in parts for edge in part.edges]
    return (
        begun,
        {operation.name: operation for part in parts for operation in part.operations},
        {(edge.source, target) for edge in edges if not edge.opening for target in edge.targets},
        {(edge.source, target) for edge in edges if edge.opening for target in edge.targets},
        [scope for part in parts for scope in part.scopes],
    )

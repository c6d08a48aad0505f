"""Requests about runs that exist, or will: the planner hears them under names of its own."""

from typing import Any

from polyflow_topics.inbox import OperatingRequested, StopRequested
from polyflow_topics.message import Message
from polyflow_topics.names import reason_of
from polyflow_topics.operating import RunRequest, SkipPipeline
from polyflow_topics.requests import StopPipeline


def forwarded(message: RunRequest, event: str) -> Message:
    """Return what the planner is to hear.

    Args:
        message: the request.
        event: the id of its CloudEvent, which the answer names where the request has no id of its own.
    """
    said = {**message.model_dump(), **_why(message), "request": message.request or event}
    if isinstance(message, StopPipeline) and not message.operation:
        return StopRequested.model_validate(said)
    return OperatingRequested.model_validate({**said, "kind": message.kind()})


def _why(message: RunRequest) -> dict[str, Any]:
    """Return reason and message of a stop or a skip whose reason is no word: it means what it asks for."""
    if not isinstance(message, StopPipeline | SkipPipeline):
        return {}
    try:
        return {"reason": reason_of(message.reason)}
    except ValueError:
        told = ": ".join(part for part in (message.reason.strip(), message.message) if part)
        return {"reason": type(message).model_fields["reason"].default, "message": told}

"""Requests about runs that exist, or will: the planner hears them under names of its own."""

from polyflow_topics.inbox import OperatingRequested, StopRequested
from polyflow_topics.message import Message
from polyflow_topics.operating import RunRequest
from polyflow_topics.requests import StopPipeline


def forwarded(message: RunRequest, event: str) -> Message:
    """Return what the planner is to hear.

    Args:
        message: the request.
        event: the id of its CloudEvent, which the answer names where the request has no id of its own.
    """
    request = message.request or event
    if isinstance(message, StopPipeline) and not message.operation:
        return StopRequested(run=message.run, reason=message.reason, message=message.message, request=request)
    said = {**message.model_dump(), "request": request, "kind": message.kind()}
    return OperatingRequested.model_validate(said)

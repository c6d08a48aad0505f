"""Requests about runs that exist, or will: the planner hears them under names of its own."""

from collections.abc import Mapping
from typing import Any, Final

from polyflow_shared.errors import NotDecodableError
from polyflow_topics.inbox import OperatingRequested, StopRequested
from polyflow_topics.message import Message
from polyflow_topics.names import reason_of, request_id
from polyflow_topics.operating import UPLOAD_FAILED, RunRequest, SkipPipeline, UploadPipeline
from polyflow_topics.requests import StopPipeline

_WITHOUT: Final[Mapping[type[RunRequest], str]] = {
    StopPipeline: "Stopped",
    SkipPipeline: "Skipped",
    UploadPipeline: UPLOAD_FAILED,
}
"""The reasons of requests that give one, where what they give is no word."""


def forwarded(message: RunRequest, event: str) -> Message:
    """Return what the planner is to hear.

    Args:
        message: the request.
        event: the id of its CloudEvent, which the answer names where the request has no id of its own.

    Raises:
        NotDecodableError: that id is too long for the run to remember it.
    """
    try:
        request = request_id(message.request or event)
    except ValueError as error:
        raise NotDecodableError(str(error)) from error
    said = {**message.model_dump(), **_why(message), "request": request}
    if isinstance(message, StopPipeline) and not message.operation:
        return StopRequested.model_validate(said)
    return OperatingRequested.model_validate({**said, "kind": message.kind()})


def _why(message: RunRequest) -> dict[str, Any]:
    """Return reason and message of a request whose reason is no word: it means what it asks for."""
    without = _WITHOUT.get(type(message))
    if without is None or not isinstance(message, StopPipeline | SkipPipeline | UploadPipeline):
        return {}
    if isinstance(message, UploadPipeline) and not message.reason:
        return {}  # the files have arrived
    try:
        return {"reason": reason_of(message.reason)}
    except ValueError:
        told = ": ".join(part for part in (message.reason.strip(), message.message) if part)
        return {"reason": without, "message": told}

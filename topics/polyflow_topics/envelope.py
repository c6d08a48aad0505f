"""CloudEvents 1.0 on Kafka: binary mode is written, binary and structured mode are read.

Source: CloudEvents Kafka protocol binding 1.0, §3.2 (binary: `ce_` headers) and §3.3 (structured: one JSON
object with content type `application/cloudevents+json`).
"""

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

Headers = tuple[tuple[str, bytes], ...]
"""A record's headers, in order."""

STRUCTURED = "application/cloudevents+json"
_REQUIRED = ("id", "source", "type", "specversion")
_VERSION = ("ce_specversion", b"1.0")
_JSON = ("content-type", b"application/json")


def source_of(service: str) -> str:
    """Return the CloudEvents source of what a service says; its name is spelled as in the catalogue."""
    return f"/polyflow/{service}"


class EnvelopeError(ValueError):
    """The record is not a CloudEvent."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A CloudEvent's attributes and its data, still undecoded."""

    id: str
    source: str
    type: str
    data: bytes
    content_type: str = "application/json"


def write_headers(wire: str, *, identity: str, source: str, at: datetime) -> Headers:
    """Return the headers of a binary-mode CloudEvent with JSON data."""
    return (_VERSION, ("ce_id", identity.encode()), *_same_for_many(wire, source, at), _JSON)


@lru_cache(maxsize=256)
def _same_for_many(wire: str, source: str, at: datetime) -> Headers:
    # The messages of one batch are dated alike: writing the moment takes longer than all the rest.
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return (
        ("ce_source", source.encode()),
        ("ce_type", wire.encode()),
        ("ce_time", moment.encode()),
    )


def wire_name(headers: Headers) -> bytes | None:
    """Return the type of a binary-mode CloudEvent without reading the rest; None for any other record."""
    for name, value in headers:
        if name == "ce_type":
            return value
    return None


def read(headers: Headers, value: bytes) -> Envelope:
    """Return the CloudEvent in a record, whichever of the two modes it was written in.

    Raises:
        EnvelopeError: a required attribute is missing, or the structured form is not a JSON object.
    """
    texts = {name.lower(): _text(name, content) for name, content in headers}
    content_type = texts.get("content-type", "application/json")
    if content_type.startswith(STRUCTURED):
        return _structured(value)
    attributes = {name[3:]: text for name, text in texts.items() if name.startswith("ce_")}
    return _envelope(attributes, value, content_type)


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise EnvelopeError(f"header {name} is not UTF-8") from error


def _structured(value: bytes) -> Envelope:
    try:
        event = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise EnvelopeError(f"the structured CloudEvent is not JSON: {error}") from error
    if not isinstance(event, dict):
        raise EnvelopeError("the structured CloudEvent is not a JSON object")
    content_type = str(event.get("datacontenttype", "application/json"))
    try:
        data = _data(event, content_type)
    except ValueError as error:
        raise EnvelopeError(f"the structured CloudEvent's data cannot be read: {error}") from error
    return _envelope(event, data, content_type)


def _data(event: Mapping[str, Any], content_type: str) -> bytes:
    if "data_base64" in event:
        return b64decode(str(event["data_base64"]), validate=True)
    data = event.get("data")
    if isinstance(data, str) and not content_type.endswith("json"):
        return data.encode()
    return json.dumps(data).encode()


def _envelope(attributes: Mapping[str, object], data: bytes, content_type: str) -> Envelope:
    missing = [name for name in _REQUIRED if not attributes.get(name)]
    if missing:
        raise EnvelopeError(f"CloudEvents attributes are missing: {', '.join(missing)}")
    if attributes["specversion"] != "1.0":
        raise EnvelopeError(f"CloudEvents version {attributes['specversion']} is not 1.0")
    return Envelope(
        id=str(attributes["id"]),
        source=str(attributes["source"]),
        type=str(attributes["type"]),
        data=data,
        content_type=content_type,
    )

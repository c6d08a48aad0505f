"""The checked-in examples, as records."""

import json
from datetime import UTC, datetime
from typing import Any

from polyflow_shared.broker.port import Outgoing, Record
from polyflow_topics.catalog import MESSAGES
from polyflow_topics.envelope import Headers
from polyflow_topics.message import Message
from tests.contract.schemas import EXAMPLES

SENT = datetime(2026, 3, 14, 9, 26, 53, 589000, tzinfo=UTC)
"""The `ce_time` of all examples."""
WIRES = sorted(MESSAGES)


def example(wire: str) -> dict[str, Any]:
    """Return an example: its topic, key, headers and data."""
    return json.loads((EXAMPLES / f"{wire}.json").read_text())


def record(wire: str) -> Record:
    """Return an example as it is read from its topic."""
    sample = example(wire)
    return arrived(
        sample["topic"], headers_of(sample["headers"]), json.dumps(sample["data"]).encode(), sample["key"]
    )


def arrived(topic: str, headers: Headers, value: bytes | None, key: str = "key") -> Record:
    """Return a record that a broker might hand out."""
    return Record(topic, 0, 0, key, value, headers, SENT)


def again(sent: Outgoing) -> Record:
    """Return what was sent as it is read."""
    return arrived(sent.topic, sent.headers, sent.value, sent.key)


def headers_of(texts: dict[str, str]) -> Headers:
    """Return headers as they are on the wire."""
    return tuple((name, text.encode()) for name, text in texts.items())


def decoded(wire: str, data: Any) -> Message:
    """Return the message of that type with that data."""
    return MESSAGES[wire].model_validate_json(json.dumps(data))

"""Messages to records and back, by the catalogue."""

from datetime import UTC, datetime
from typing import Final

from pydantic import ValidationError

from polyflow_shared.broker.port import Outgoing, Record
from polyflow_shared.errors import NotDecodableError
from polyflow_topics import envelope
from polyflow_topics.catalog import MESSAGES, topic_of
from polyflow_topics.message import Message

LATEST: Final = int(datetime(3000, 1, 1, tzinfo=UTC).timestamp() * 1000)
"""The latest time that a record may have, in milliseconds since 1970."""

_BY_WIRE = {name.encode(): message for name, message in MESSAGES.items()}


class UnknownTypeError(NotDecodableError):
    """The CloudEvents type is not one of ours."""

    reason = "UnknownType"


def encode(message: Message, *, source: str, at: datetime) -> Outgoing:
    """Return the record that carries a message, as a CloudEvent in binary mode.

    Args:
        message: any message of the catalogue.
        source: who says it: `/polyflow/SERVICE`.
        at: when it is said.
    """
    return Outgoing(
        topic=topic_of(message),
        key=message.key(),
        value=message.__pydantic_serializer__.to_json(message),
        headers=envelope.write_headers(message.WIRE, identity=message.identity(), source=source, at=at),
    )


def decode(record: Record) -> Message:
    """Return the message in a record.

    Raises:
        UnknownTypeError: the type is not in the catalogue.
        NotDecodableError: the record is no CloudEvent, or its data does not fit its type.
    """
    wire = envelope.wire_name(record.headers)
    message = _BY_WIRE.get(wire) if wire else None
    if message is not None:
        return _validated(message, record.value or b"")
    event = read_envelope(record)
    if event.type not in MESSAGES:
        raise UnknownTypeError(f"type {event.type!r} is not in the catalogue")
    return _validated(MESSAGES[event.type], event.data)


def read_envelope(record: Record) -> envelope.Envelope:
    """Return the CloudEvent in a record without decoding its data.

    Raises:
        NotDecodableError: the record is no CloudEvent.
    """
    try:
        return envelope.read(record.headers, record.value or b"")
    except envelope.EnvelopeError as error:
        raise NotDecodableError(str(error)) from error


def _validated(message: type[Message], data: bytes) -> Message:
    try:
        return message.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise NotDecodableError(f"{message.WIRE}: {where or 'data'}: {first['msg']}") from error


def from_timestamp(milliseconds: int) -> datetime:
    """Return the moment of a record's timestamp, given in milliseconds since 1970.

    Whoever writes a record may write any number, such as microseconds; what is no time, or none that anything
    could be added to, becomes the nearest one that is.
    """
    return datetime.fromtimestamp(min(max(milliseconds, 0), LATEST) / 1000, UTC)

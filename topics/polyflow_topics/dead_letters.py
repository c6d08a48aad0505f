"""Messages that could not be handled, kept with the reason."""

from typing import ClassVar

from pydantic import Field

from polyflow_topics.message import Message, Moment


class DeadLetter(Message):
    """A record that was set aside; the service went on with the next one."""

    WIRE: ClassVar[str] = "polyflow.dead-letter.v1"

    service: str
    """Who could not handle it."""
    topic: str
    partition: int
    offset: int
    reason: str
    """A word in CamelCase, bounded in number: `NotDecodable`, `UnknownType`, `Unforeseen` …"""
    message: str
    """What went wrong, for a human."""
    record_key: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    value: str = ""
    """The record's value, base64."""
    at: Moment

    def key(self) -> str:
        """Return where the record came from."""
        return f"{self.topic}/{self.partition}"

    def identity(self) -> str:
        """Return an id: one for each record and service."""
        return f"{self.service}/{self.topic}/{self.partition}/{self.offset}"

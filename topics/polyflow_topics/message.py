"""What every message has in common."""

from abc import abstractmethod
from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, JsonValue

Values = dict[str, JsonValue]
"""Params, inputs or outputs by name.  0, false and "" are values."""


class Frozen(BaseModel):
    """An immutable value inside a message.  Fields that a reader does not know are ignored."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        defer_build=True,
        ser_json_inf_nan="strings",
    )


class Message(Frozen):
    """One message on a topic: a fact in the past tense, or a request in the imperative.

    A version of a message only ever gains optional fields; anything else is a new wire name.
    """

    WIRE: ClassVar[str]
    """The CloudEvents type: a literal with a version, never the class's path."""

    @abstractmethod
    def key(self) -> str:
        """Return the record's key, which decides the partition."""

    @abstractmethod
    def identity(self) -> str:
        """Return the CloudEvents id: equal for two messages exactly if they say the same thing."""


Moment = AwareDatetime
"""A moment with its time zone; written in UTC as RFC 3339."""

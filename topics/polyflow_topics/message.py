"""What every message has in common."""

from abc import abstractmethod
from typing import Any, ClassVar, Final, Self

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

    @classmethod
    def trusted(cls, values: dict[str, Any]) -> Self:
        """Return a value of these fields without a look at them, at a fifth of what looking costs.

        For what is made often, of values that are known to fit; the tests of who uses it check that they do.

        Args:
            values: all fields by their names, those with defaults too; it becomes the new value's own.
        """
        made = _new(cls)
        _set_values(made, values)
        _set_fields(made, _NOT_NOTED)
        _set_extra(made, None)
        _set_private(made, None)
        return made


_new: Final = object.__new__
# What `model_construct` sets as well, by way of the slots themselves.
_set_values: Final = BaseModel.__dict__["__dict__"].__set__
_set_fields: Final = BaseModel.__dict__["__pydantic_fields_set__"].__set__
_set_extra: Final = BaseModel.__dict__["__pydantic_extra__"].__set__
_set_private: Final = BaseModel.__dict__["__pydantic_private__"].__set__
_NOT_NOTED: Final[set[str]] = set()


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

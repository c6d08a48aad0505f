"""What all models of the language are made of: the base class, templates in place of values, short types.

A type in the reference that is marked † may also be a text with `{{ }}` in it: `Templated[T]` here.  Such a
text is not looked at when a file is read; it is rendered when the operation starts.
"""

import operator
import re
from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Annotated, Any, Final, Self, TypeAlias, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StrictInt,
    StringConstraints,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from polyflow_shared.language.models import written

_TEMPLATE: Final = re.compile(r"\{\{\s*(.+)\s*\}\}")
T = TypeVar("T")
RULE: Final = "rule"
"""The type of all errors that these models raise themselves."""


class Model(BaseModel):
    """The base of all models of the language.

    Fields are camelCase in files and snake_case in Python; a field that is not declared is an error at any
    depth.  What was written and what was not is told apart by `model_fields_set`: null is a value when layers
    are merged.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        defer_build=True,
    )

    def to_dict(self) -> dict[str, Any]:
        """Return what is given, as plain values with the keys of files."""
        return written.as_plain(self)

    def to_json(self) -> str:
        """Return the JSON text of a file that says the same."""
        return written.as_json(self)

    def to_yaml(self) -> str:
        """Return the YAML text of a file that says the same."""
        return written.as_yaml(self)

    @classmethod
    def read(cls, source: Mapping[str, Any] | str | Path) -> Self:
        """Return what a map, a YAML or JSON text, or a file of that name says.

        Raises:
            ValueError: it cannot be read, or says something else; pydantic's error is one.
            OSError: the file cannot be read.
        """
        return cls.model_validate(written.plain(source), by_alias=True, by_name=False)


class Template(str):
    """A text with `{{ }}` where another type is expected."""

    __slots__ = ()


def is_template(value: object) -> bool:
    """Tell whether a value is a text with something to render."""
    return isinstance(value, str) and _TEMPLATE.search(value) is not None


def broken_rule(message: str, *, at: str = "", hint: str = "", code: str = "") -> PydanticCustomError:
    """Return an error to raise in a validator.

    Args:
        message: what is wrong, for the user.
        at: the field below the value that is to be shown.
        hint: what to write instead.
        code: the finding's code, where it is not that of a value that is not allowed.
    """
    return PydanticCustomError(RULE, "{message}", {"message": message, "at": at, "hint": hint, "code": code})


def known(value: T | Template | None) -> T | None:
    """Return a value that is known already; None where it is absent or a template."""
    return None if isinstance(value, Template) else value


class _OrTemplate:
    """Makes `T | Template` a `T`, with its own error messages, unless a template is given."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        members = tuple(member for member in get_args(source) if member is not Template)
        own = reduce(operator.or_, members[1:], members[0])
        return core_schema.no_info_wrap_validator_function(_template_or, handler(own))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        template = {"type": "string", "pattern": _TEMPLATE.pattern}
        return {"anyOf": [handler(schema), template]}


def _template_or(value: object, handler: core_schema.ValidatorFunctionWrapHandler) -> object:
    return Template(value) if isinstance(value, str) and is_template(value) else handler(value)


Templated: TypeAlias = Annotated[T | Template, _OrTemplate()]
"""A value of type T, or a template that renders to one (†)."""


def _words(value: object) -> object:
    """Return the parts of a comma-separated text."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Integer: TypeAlias = StrictInt
"""An integer, written as one: `"5"` and `5.0` are not."""

PositiveInteger: TypeAlias = Annotated[int, Field(gt=0)]
"""An integer above 0; `"5"` and `2.0` are read as one."""

Number: TypeAlias = FiniteFloat
"""A number; `"50"` is read as one."""

Words: TypeAlias = Annotated[list[str], BeforeValidator(_words, json_schema_input_type=list[str] | str)]
"""A list of texts, or one text with commas."""

Name: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[-a-zA-Z0-9_]+$")]
"""The name of an operation or component."""

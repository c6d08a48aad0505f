"""Kubernetes' objects in the JSON Schema for editors: a definition a kind, with Kubernetes' own words.

The models here are made for their schemas; nothing is validated with them.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, create_model

from polyflow_shared.language.kubernetes.table import FieldOf, descriptions, inner, table
from polyflow_shared.language.models.base import Templated

_OR_TEMPLATE: Final[Any] = Templated
"""Given types that are known only when this runs."""
_SCALARS: Final[Mapping[str, Any]] = {
    "str": str,
    "int": _OR_TEMPLATE[int],
    "bool": _OR_TEMPLATE[bool],
    "datetime": _OR_TEMPLATE[datetime],
    "object": Any,
    "quantity": str | int | float,
    "port": str | int,
    "scalar": str | int | float | bool,
    "arguments": list[str | int | float | bool] | str,
}


@cache
def model_of(kind: str, optional: frozenset[str] = frozenset()) -> type[BaseModel]:
    """Return a model with the fields of a kind.

    Args:
        kind: such as `V1Container`.
        optional: keys of required fields that may be missing; the model's name then says so.
    """
    texts = descriptions().get(kind, {})
    fields: dict[str, Any] = {
        f"field_{field.key}": _field(field, texts.get(field.key), needed=field.key not in optional)
        for field in table()[kind].values()
    }
    name = kind + "".join(f"Optional{key.capitalize()}" for key in sorted(optional))
    return create_model(name, __config__=ConfigDict(extra="forbid"), **fields)


def _field(field: FieldOf, description: str | None, *, needed: bool) -> tuple[Any, Any]:
    if field.required and needed:
        return _type(field.type), Field(alias=field.key, description=description)
    return _type(field.type) | None, Field(default=None, alias=field.key, description=description)


def _type(type_: str) -> Any:
    outer, item = inner(type_)
    if outer:
        each: Any = _type(item)
        return _OR_TEMPLATE[list[each] if outer == "list" else dict[str, each]]
    return _SCALARS[type_] if type_ in _SCALARS else _OR_TEMPLATE[model_of(type_)]

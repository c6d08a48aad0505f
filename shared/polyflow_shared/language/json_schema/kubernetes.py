"""Kubernetes' objects in the JSON Schema for editors: a definition a kind, with Kubernetes' own words.

The models here are made for their schemas; nothing is validated with them.  What the check reads as well, as
keys in snake_case, an editor accepts and does not offer.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, create_model

from polyflow_shared.language.kubernetes.table import FieldOf, descriptions, inner, table
from polyflow_shared.language.models.base import Templated

_OR_TEMPLATE: Final[Any] = Templated
"""Given types that are known only when this runs."""
_SCALARS: Final[Mapping[str, Any]] = {
    "str": str,
    "int": _OR_TEMPLATE[StrictInt],
    "bool": _OR_TEMPLATE[StrictBool],
    "datetime": _OR_TEMPLATE[datetime],
    "object": Any,
    "quantity": str | int | float,
    "port": str | int,
    "scalar": str | int | float | bool,
    "arguments": list[str | int | float | bool | None] | str | int | float | bool,
}


@cache
def model_of(kind: str, optional: frozenset[str] = frozenset(), other: str = "") -> type[BaseModel]:
    """Return a model with the fields of a kind.

    Args:
        kind: such as `V1Container`.
        optional: keys of required fields that may be missing; the model's name then says so.
        other: a kind whose fields are accepted as well.
    """
    texts = descriptions().get(kind, {})
    fields: dict[str, Any] = {
        f"field_{field.key}": _field(field, texts.get(field.key), needed=field.key not in optional)
        for field in table()[kind].values()
    }
    name = kind + "".join(f"Optional{key.capitalize()}" for key in sorted(optional))
    config = ConfigDict(extra="forbid", json_schema_extra=_also_accepting(kind, other))
    return create_model(name, __config__=config, **fields)


def _also_accepting(kind: str, other: str) -> Callable[[dict[str, Any]], None]:
    """Return what makes a kind's schema accept keys that an editor should not offer."""
    names = {field.key: field.name for field in table()[kind].values() if field.name != field.key}
    strange = (table()[other].keys() if other else set()) - table()[kind].keys()

    def add(schema: dict[str, Any]) -> None:
        if names or strange:
            schema["patternProperties"] = {_one_of({*names.values(), *strange}): {}}
        missed = [key for key in schema.get("required", ()) if key in names]
        if missed:
            schema["required"] = [key for key in schema["required"] if key not in missed]
            schema["allOf"] = [{"anyOf": [{"required": [key]}, {"required": [names[key]]}]} for key in missed]

    return add


def _one_of(keys: Iterable[str]) -> str:
    return f"^({'|'.join(map(re.escape, sorted(keys)))})$"


def _field(field: FieldOf, description: str | None, *, needed: bool) -> tuple[Any, Any]:
    if field.required and needed:
        return _type(field.type), Field(alias=field.key, description=description)
    return _type(field.type) | None, Field(default=None, alias=field.key, description=description)


def _type(type_: str) -> Any:
    outer, item = inner(type_)
    if not outer:
        return _SCALARS[type_] if type_ in _SCALARS else _OR_TEMPLATE[model_of(type_)]
    each: Any = _type(item)
    if outer == "dict":
        return _OR_TEMPLATE[dict[str, each | None]]
    return _OR_TEMPLATE[list[each] | model_of(item) if item in table() else list[each]]

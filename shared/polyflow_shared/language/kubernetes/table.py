"""The fields of Kubernetes' objects, as they are kept beside this file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldOf:
    """A field of a kind of object.

    Attributes:
        key: its name in YAML and JSON, camelCase.
        name: its name in Python.
        type: one of `scalars.SCALARS`, a kind, or `list[...]` or `dict[...]` of one of these.
        required: whether the object is worth nothing without it.
    """

    key: str
    name: str
    type: str
    required: bool = False


Fields = Mapping[str, FieldOf]
"""Fields by key."""

Table = Mapping[str, Fields]
"""Fields by kind, such as `V1Container`."""


@cache
def table() -> Table:
    """Return the table that is kept."""
    return table_of(_kept("table.json"))


def table_of(kept: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the table that a file's value says."""
    return {kind: {key: _field(key, about) for key, about in fields.items()} for kind, fields in kept.items()}


def _field(key: str, about: Mapping[str, Any]) -> FieldOf:
    return FieldOf(key, about.get("name", key), about["type"], required=about.get("required", False))


@cache
def descriptions() -> Mapping[str, Mapping[str, str]]:
    """Return what Kubernetes says of each field, by kind and key; for hover texts, never for a check."""
    texts: Mapping[str, Mapping[str, str]] = _kept("descriptions.json")
    return texts


def _kept(name: str) -> Any:
    return json.loads(Path(__file__).with_name(name).read_bytes())


def inner(type_: str) -> tuple[str, str]:
    """Return whether a type is a `list` or `dict` of another, and that other; `("", type)` if neither."""
    outer, bracket, rest = type_.partition("[")
    return (outer, rest.removesuffix("]")) if bracket else ("", type_)

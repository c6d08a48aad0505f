"""Forms of values that editors are to know: what is read as a number, one of several kinds, short forms."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

Definitions = Mapping[str, Any]

_TRUTH: Final = r"^([tT]rue|TRUE|[fF]alse|FALSE|[yY]es|YES|[nN]o|NO|[oO][nN]|[oO]ff|OFF|[tTfFyYnN01])$"
_NUMBER: Final = r"^\s*[+-]?([0-9_]+\.?[0-9_]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
_DATE: Final = r"^\s*([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]+(\.[0-9]+)?\s*$)"


class EditorsJsonSchema(GenerateJsonSchema):
    """Says what is read where a type is not strict, and no `format`, of which editors know less forms."""

    def bool_schema(self, schema: core_schema.BoolSchema) -> JsonSchemaValue:
        """Return the schema of `true` and what is read as such."""
        plain = super().bool_schema(schema)
        texts = {"type": "string", "pattern": _TRUTH}
        return plain if schema.get("strict") else _or(plain, texts, {"type": "integer", "enum": [0, 1]})

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        """Return the schema of an integer and what is read as one."""
        plain = super().int_schema(schema)
        return plain if schema.get("strict") else _or(plain, {"type": "string", "pattern": _NUMBER})

    def float_schema(self, schema: core_schema.FloatSchema) -> JsonSchemaValue:
        """Return the schema of a number and what is read as one."""
        plain = super().float_schema(schema)
        return plain if schema.get("strict") else _or(plain, {"type": "string", "pattern": _NUMBER})

    def date_schema(self, schema: core_schema.DateSchema) -> JsonSchemaValue:
        """Return the schema of a day."""
        return {"type": ["string", "number"], "pattern": _DATE}

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        """Return the schema of a moment; a day is the moment that it begins."""
        return {"type": ["string", "number"], "pattern": _DATE}


def _or(*members: JsonSchemaValue) -> JsonSchemaValue:
    return {"anyOf": list(members)}


def without_titles(value: Any) -> Any:
    """Return a schema without the names that pydantic gives everything: editors would show them."""
    if isinstance(value, list):
        return [without_titles(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: without_titles(item)
        for key, item in value.items()
        if not (key == "title" and isinstance(item, str))  # a field may be called so
    }


def by_kind(value: Any, definitions: Definitions) -> Any:
    """Return a schema in which every choice by `kind` is made by that key.

    An editor then knows which member is meant, completes its fields and says what is wrong with them,
    in place of that the whole fits no member.

    Args:
        value: a schema, or a part of one.
        definitions: what it refers to.
    """
    if isinstance(value, list):
        return [by_kind(item, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    whole = {key: by_kind(item, definitions) for key, item in value.items() if key != "discriminator"}
    kinds = {kind: one for one in whole.get("oneOf", ()) if (kind := _kind(one, definitions))}
    if not kinds:
        return whole
    without = any(not _kind(one, definitions) for one in whole.pop("oneOf"))
    return {**whole, **_chosen(kinds, definitions, required=not without)}


def _kind(member: Mapping[str, Any], definitions: Definitions) -> str | None:
    definition = definitions.get(str(member.get("$ref", "")).removeprefix("#/$defs/"), {})
    kind: str | None = definition.get("properties", {}).get("kind", {}).get("const")
    return kind


def _chosen(kinds: Mapping[str, Any], definitions: Definitions, *, required: bool) -> JsonSchemaValue:
    said = [_definition(member, definitions).get("description", "") for member in kinds.values()]
    chosen: JsonSchemaValue = {
        "type": "object",
        "properties": {"kind": {"enum": list(kinds), "enumDescriptions": said}},
        "allOf": [
            {"if": {"required": ["kind"], "properties": {"kind": {"const": kind}}}, "then": member}
            for kind, member in kinds.items()
        ],
    }
    return {**chosen, "required": ["kind"]} if required else chosen


def _definition(member: Mapping[str, Any], definitions: Definitions) -> Mapping[str, Any]:
    found: Mapping[str, Any] = definitions[member["$ref"].removeprefix("#/$defs/")]
    return found


def in_short(schema: JsonSchemaValue, *, text: bool) -> JsonSchemaValue:
    """Return the schema of an object that is also written as a list of its fields' values, in their order.

    Args:
        schema: the object's.
        text: whether also as one text, with colons between.
    """
    whole = deepcopy(schema)
    fields, needed = list(whole["properties"].values()), len(whole.get("required", ()))
    values = {"type": "array", "prefixItems": fields, "minItems": needed, "maxItems": len(fields)}
    if not text:
        return _or(values, whole)
    pattern = f"^[^:]+(:[^:]+){{{needed - 1},{len(fields) - 1}}}$"
    return _or(values, whole, {"type": "string", "pattern": pattern})

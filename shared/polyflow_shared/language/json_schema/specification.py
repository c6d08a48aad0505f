"""The language as a JSON Schema, for editors: completion, hover texts, and red lines under what is wrong.

Hover texts are the docstrings of the models and of their fields.  Python forgets the latter, so they are read
from the source when the schema is made; importing the models stays fast.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, get_args

from pydantic import TypeAdapter

from polyflow_shared.language import models
from polyflow_shared.language.json_schema.forms import EditorsJsonSchema, by_kind, in_short, without_titles
from polyflow_shared.language.json_schema.rules import param_or_value, rules, rules_of_fields
from polyflow_shared.language.models import Model, V1Operation
from polyflow_shared.language.models.distributions import V1DateRange, V1DateTimeRange

DIALECT: Final = EditorsJsonSchema.schema_dialect
TITLE: Final = "polyflow specification"


def specification_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of operations and components."""
    schema = TypeAdapter(V1Operation).json_schema(by_alias=True, schema_generator=EditorsJsonSchema)
    definitions = schema.setdefault("$defs", {})
    for name, definition in definitions.items():
        model = getattr(models, name, None)
        if isinstance(model, type) and issubclass(model, Model):
            _describe(definition, model)
            _complete(definition, model)
    whole: dict[str, Any] = by_kind(without_titles(schema), definitions)
    return {"$schema": DIALECT, "title": TITLE, **whole}


def _describe(definition: dict[str, Any], model: type[Model]) -> None:
    """Add the hover texts, and take away what an editor should not offer."""
    definition["description"] = inspect.cleandoc(model.__doc__ or "")
    if isinstance(definition.get("properties", {}).get("kind", {}).get("const"), str):
        definition["required"] = sorted({*definition.get("required", ()), "kind"})
    texts = descriptions(model)
    for name, field in model.model_fields.items():
        shown = definition.get("properties", {}).get(field.alias or name)
        if shown is None:
            continue
        if name in texts:
            shown["description"] = texts[name]
        if shown.get("default", ...) is None:
            del shown["default"]
        if "const" in shown:
            shown["description"] = definition["description"]  # what an editor says of each kind it offers


def _complete(definition: dict[str, Any], model: type[Model]) -> None:
    """Add the rules and forms that pydantic does not know of."""
    properties = definition["properties"]
    if added := rules(model.__name__):
        definition["allOf"] = list(added)
    for name, keywords in rules_of_fields(model.__name__).items():
        properties[name].update(keywords)
    if model is V1Operation:
        properties["params"]["anyOf"][0]["additionalProperties"] = param_or_value({"$ref": "#/$defs/V1Param"})
    if model.__name__ == "V1Environment":
        properties["serviceAccount"] = {
            **properties["serviceAccountName"],
            "deprecated": True,
            "deprecationMessage": "write `serviceAccountName`",
            "doNotSuggest": True,
        }
    if (parts := _parts_of(model)) is not None:
        properties["value"]["anyOf"][0] = parts


def _parts_of(model: type[Model]) -> dict[str, Any] | None:
    """Return the forms of a distribution's value, where that has fields."""
    field = model.model_fields.get("value") if model.__name__.startswith("V1Hp") else None
    parts = next(_models_in(field.annotation), None) if field is not None else None
    if parts is None:
        return None
    schema = TypeAdapter(parts).json_schema(by_alias=True, schema_generator=EditorsJsonSchema)
    _describe(schema, parts)
    return in_short(schema, text=not issubclass(parts, V1DateRange | V1DateTimeRange))


def _models_in(annotation: Any) -> Iterator[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def descriptions(model: type[Model]) -> Mapping[str, str]:
    """Return what stands below each field of a model in its source, by the field's name in Python."""
    return {
        name: text
        for base in reversed(model.__mro__)
        if isinstance(base, type) and issubclass(base, Model) and base is not Model
        for name, text in _of_module(base.__module__).get(base.__name__, {}).items()
    }


@cache
def _of_module(name: str) -> Mapping[str, Mapping[str, str]]:
    tree = ast.parse(inspect.getsource(sys.modules[name]))
    return {node.name: dict(_of_class(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _of_class(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in zip(node.body, node.body[1:], strict=False):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, " ".join(inspect.cleandoc(text).split())

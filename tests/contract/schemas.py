"""The JSON Schema of every message, as it is checked in under `topics/schemas`.

`python -m tests.contract.schemas` says what differs; with `--write` it writes what may be written.  A schema
that readers of released messages could not live with is refused, except with `--force`, which is for messages
that no release has carried.
"""

import ast
import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from polyflow_topics.catalog import MESSAGES
from polyflow_topics.message import Message

TOPICS = Path(__file__).parents[2] / "topics"
SCHEMAS = TOPICS / "schemas"
EXAMPLES = TOPICS / "examples"
_WORDS_ONLY = {"title", "description", "default", "$comment"}


def schema_of(message: type[Message]) -> dict[str, Any]:
    """Return the JSON Schema of a message's data, with the docstrings of its fields as descriptions."""
    schema = message.model_json_schema(mode="validation")
    for model in _models(message):
        place = schema if model is message else schema.get("$defs", {}).get(model.__name__)
        _describe(place or {}, model)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": message.WIRE}
    return head | schema


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield a model and the models of its fields, whatever they are wrapped in."""
    yield model
    for field in model.model_fields.values():
        for part in _parts(field.annotation):
            yield from _models(part)


def _parts(annotation: Any) -> Iterator[type[BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _parts(argument)


def _describe(schema: dict[str, Any], model: type[BaseModel]) -> None:
    properties = schema.get("properties", {})
    for name, text in field_docs(model).items():
        if name in properties:
            properties[name].setdefault("description", text)


def field_docs(model: type[BaseModel]) -> dict[str, str]:
    """Return the docstrings that follow the fields of a model and of its bases."""
    docs: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if base is model or (issubclass(base, Message) and base is not Message):
            docs |= _class_docs(base)
    return docs


def _class_docs(model: type) -> dict[str, str]:
    body = ast.parse(inspect.getsource(model)).body[0].body  # type: ignore[attr-defined]
    return {
        field.target.id: " ".join(inspect.cleandoc(doc.value.value).split())
        for field, doc in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(doc, ast.Expr)
        and isinstance(doc.value, ast.Constant)
    }


def broken(released: Mapping[str, Any], current: Mapping[str, Any]) -> list[str]:
    """Return what readers and writers of the released schema could not live with; empty where it still holds.

    A version of a message may only gain optional properties.
    """
    faults = _broken_object("data", released, current)
    definitions = current.get("$defs", {})
    for name, definition in released.get("$defs", {}).items():
        faults += _broken_object(name, definition, definitions.get(name, {}))
    return faults


def _broken_object(name: str, released: Mapping[str, Any], current: Mapping[str, Any]) -> list[str]:
    old, new = released.get("properties", {}), current.get("properties", {})
    gone = [f"{name}.{key}: is gone" for key in old if key not in new]
    required = set(current.get("required", ())) - set(released.get("required", ()))
    demanded = [f"{name}.{key}: is required now" for key in sorted(required)]
    other = [
        f"{name}.{key}: is another type"
        for key in old.keys() & new.keys()
        if _bare(old[key]) != _bare(new[key])
    ]
    if "enum" in released and set(released["enum"]) - set(current.get("enum", ())):
        other.append(f"{name}: lost a value")
    return gone + demanded + sorted(other)


def _bare(schema: Any) -> Any:
    """Return a schema without what is for humans."""
    if isinstance(schema, dict):
        return {key: _bare(value) for key, value in schema.items() if key not in _WORDS_ONLY}
    if isinstance(schema, list):
        return [_bare(value) for value in schema]
    return schema


def text_of(message: type[Message]) -> str:
    """Return the text of the file that a message's schema is checked in as."""
    return json.dumps(schema_of(message), indent=2, ensure_ascii=False) + "\n"


def path_of(message: type[Message]) -> Path:
    """Return the file that a message's schema is checked in as."""
    return SCHEMAS / f"{message.WIRE}.schema.json"


def main(arguments: list[str]) -> int:
    """Compare or write all schemas; return 0 if nothing is left to do."""
    stale = [m for m in MESSAGES.values() if not path_of(m).exists() or path_of(m).read_text() != text_of(m)]
    left = [message for message in stale if not _settle(message, arguments)]
    return 1 if left else 0


def _settle(message: type[Message], arguments: list[str]) -> bool:
    path = path_of(message)
    faults = broken(json.loads(path.read_text()), schema_of(message)) if path.exists() else []
    write = "--force" in arguments or ("--write" in arguments and not faults)
    if write:
        path.write_text(text_of(message))
    lines = [f"{message.WIRE}: {'written' if write else 'differs'}", *faults]
    sys.stdout.write("\n  ".join(lines) + "\n")
    return write


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

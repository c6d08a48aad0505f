"""What there is to say of settings: for `docs/settings.md` and `polyflow serve SERVICE -h`.

Everything is read from the classes: names, defaults and ranges from their fields, the rest from what is
written below each field.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

import annotated_types
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from polyflow_shared.hosting.settings import ProcessSettings

_FOUND_OUT: Final = {
    "member": "this machine's host name",
    "installation": "`polyflow`, with a prefix `polyflow-PREFIX`",
    "cluster_socket": "$POLYFLOW_HOME/cluster.sock",
    "workdir": "where it is started",
}
"""Defaults that are known when the process starts."""


@dataclass(frozen=True, slots=True)
class Described:
    """One variable: its name, what holds if it is not set, what it is with its unit, and its range if any."""

    variable: str
    default: str
    meaning: str
    values: str


def described(settings: type[ProcessSettings]) -> tuple[Described, ...]:
    """Return all variables that a process reads, in the order in which its classes declare them."""
    texts, fields = _texts(settings), settings.model_fields
    return tuple(
        Described(_variable(name), _default(name, field), _by_variable(texts[name], fields), _values(field))
        for name, field in fields.items()
    )


def settings_of(main: str) -> type[ProcessSettings]:
    """Return the class of settings in the module `settings` beside the one with a process's `main`."""
    module = main.replace("__main__", "settings")
    return next(
        cls
        for cls in vars(import_module(module)).values()
        if isinstance(cls, type) and issubclass(cls, ProcessSettings) and cls.__module__ == module
    )


def _variable(name: str) -> str:
    return f"POLYFLOW_{name.upper()}"


def _by_variable(text: str, names: Container[str]) -> str:
    """Return a text in which settings are called as their variables are."""
    return re.sub(r"`(\w+)`", lambda it: f"`{_variable(it[1])}`" if it[1] in names else it[0], text)


def _texts(settings: type[ProcessSettings]) -> Mapping[str, str]:
    """Return what is written below each field, as one line."""
    texts: dict[str, str] = {}
    for cls in reversed(settings.__mro__):
        if issubclass(cls, ProcessSettings):
            texts |= _below_fields(cls)
    return texts


def _below_fields(cls: type) -> Iterator[tuple[str, str]]:
    # Python keeps no docstrings of attributes; the source has them.
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(tree, ast.ClassDef)
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, " ".join(text.split())


def _default(name: str, field: FieldInfo) -> str:
    if name in _FOUND_OUT:
        return _FOUND_OUT[name]
    if field.is_required():
        return "none, it is needed"
    match field.default:
        case SecretStr() | None | "" | ():
            return "none"
        case tuple() | frozenset() as several:
            return ",".join(sorted(map(str, several)))
        case float() as number:
            return f"{number:g}"
        case Path() | str() | int() as value:
            return str(value)
        case other:
            raise TypeError(f"{name}: how is {other!r} written?")


def _values(field: FieldInfo) -> str:
    choices = _choices(field.annotation)
    bounds = {type(bound): bound for bound in field.metadata}
    low, above = bounds.get(annotated_types.Ge), bounds.get(annotated_types.Gt)
    high = bounds.get(annotated_types.Le)
    parts = [
        ", ".join(f"`{choice}`" for choice in choices),
        f"{_number(low.ge)} to {_number(high.le)}" if low and high else "",
        f"above {_number(above.gt)}, at most {_number(high.le)}" if above and high else "",
        "or `none`" if type(None) in get_args(field.annotation) and high else "",
    ]
    return " ".join(filter(None, parts))


def _number(bound: float) -> str:
    return f"{bound:g}" if isinstance(bound, float) else str(bound)


def _choices(annotation: Any) -> tuple[str, ...]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()

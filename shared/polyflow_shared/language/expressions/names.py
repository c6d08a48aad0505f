"""The values that templates name, as they see them."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import JsonValue

GLOBALS: Final = frozenset(
    {
        "uuid", "name", "run_info", "project_name", "project_unique_name", "owner_name", "created_at",
        "run_outputs_path", "run_artifacts_path", "artifacts_path", "context_path", "project_uuid",
        "username", "user_email", "namespace", "iteration", "compiled_at", "schedule_at", "started_at",
        "finished_at", "duration", "cloning_kind", "original_uuid", "is_independent",
    }
)  # fmt: skip
"""Names after `globals.`"""

ENTRY_GROUPS: Final = frozenset({"inputs", "outputs", "artifacts", "globals"})
"""What single entries of an operation, or of a run that is found, are read from."""

SHORT_NAMES: Final = {
    "outputs_path": "run_outputs_path",
    "artifacts_path": "run_artifacts_path",
    "context_path": "context_path",
}
"""Names that are short for a global."""


class Absent(str):
    """An empty text that is no argument at all: a flag that is off, a param without a value."""

    __slots__ = ()


ABSENT: Final = Absent()


class Arguments(tuple[str, ...]):
    """Several arguments of a command line."""

    __slots__ = ()


Render = Callable[[str, Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class RenderedParam:
    """The value of a param when its operation starts.

    Attributes:
        value: any JSON value.
        kind: its type's name, if it has one.
        flag: whether it is written as a bare flag on a command line.
        arg_format: how it is written on a command line: a template of `name` and `value`.
    """

    value: JsonValue
    kind: str | None = None
    flag: bool = False
    arg_format: str | None = None


def text_of(value: Any) -> str:
    """Return a value as text: nothing for null, JSON for lists and maps, else as Python writes it."""
    if value is None:
        return ""
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


class Entry(Mapping[str, Any]):
    """What `params.NAME` is: `.value`, `.as_arg`, `.as_str`, `.type`."""

    def __init__(self, name: str, param: RenderedParam, render: Render) -> None:
        """Know the name that an argument is written with."""
        self._name = name
        self._param = param
        self._render = render

    def __getitem__(self, key: str) -> Any:
        match key:
            case "value":
                return self._param.value
            case "type":
                return self._param.kind
            case "as_str":
                return text_of(self._param.value)
            case "as_arg":
                return self.as_arg()
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(("value", "as_arg", "as_str", "type"))

    def __len__(self) -> int:
        return 4

    def __str__(self) -> str:
        return text_of(self._param.value)

    def as_arg(self) -> str:
        """Return `--name=value`, the bare flag, what `argFormat` says, or nothing for no value."""
        value = self._param.value
        if value is None or (self._param.flag and not value):
            return ABSENT
        if self._param.flag:
            return f"--{self._name}"
        if self._param.arg_format is None:
            return f"--{self._name}={text_of(value)}"
        return self._formatted(self._param.arg_format)

    def _formatted(self, arg_format: str) -> str:
        names = {"name": self._name, "value": self._param.value, self._name: self._param.value}
        return self._render(arg_format, names)


class Params(Mapping[str, Any]):
    """What `params` is: an entry for each name, and `as_args`."""

    def __init__(self, params: Mapping[str, RenderedParam], render: Render) -> None:
        """Know all params of the operation."""
        self._params = params
        self._render = render

    def __getitem__(self, key: str) -> Any:
        if key in self._params:
            return Entry(key, self._params[key], self._render)
        if key == "as_args":
            entries = (Entry(name, param, self._render).as_arg() for name, param in self._params.items())
            return Arguments(argument for argument in entries if argument is not ABSENT)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._params)

    def __len__(self) -> int:
        return len(self._params)


def named(
    params: Mapping[str, RenderedParam], globals_: Mapping[str, JsonValue], render: Render
) -> dict[str, Any]:
    """Return all that a template can name; a param comes before a short name of the same spelling.

    Args:
        params: values by name.
        globals_: values by name, those that short names stand for among them.
        render: renders a template with these names; an `argFormat` is one.
    """
    short = {name: globals_[full] for name, full in SHORT_NAMES.items()}
    values = {name: param.value for name, param in params.items()}
    return {"params": Params(params, render), "globals": dict(globals_)} | short | values

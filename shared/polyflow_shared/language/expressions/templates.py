"""Templates `{{ }}` of an operation: the names they may use, their check, their rendering in its container.

Most templates only name a value; those are checked and rendered here.  Any other expression goes to
`sandbox.py`, which brings jinja2 with it.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from pydantic import JsonValue

from polyflow_shared.language.codes import Code
from polyflow_shared.language.expressions.names import (
    ABSENT,
    GLOBALS,
    SHORT_NAMES,
    Arguments,
    RenderedParam,
    named,
    text_of,
)
from polyflow_shared.language.findings import Finding, Nearest
from polyflow_shared.variables import escaped, plain, whole, written
from polyflow_topics.plan import Container

MAX_TEMPLATE: Final = 64 * 1024
"""Characters of one template."""
MAX_RENDERED: Final = 512 * 1024
"""Bytes of a rendered container in JSON: it must fit into a record of 1 MiB with all that goes with it."""

_MARK: Final = re.compile(r"\{[{%#]")
_SIMPLE: Final = re.compile(r"\{\{\s*([A-Za-z]\w*)((?:\.[A-Za-z]\w*)*)\s*\}\}")
_WORDS: Final = frozenset(
    {"true", "false", "none", "True", "False", "None", "not", "and", "or", "if", "else", "in", "is"}
)

__all__ = [
    "PATHS",
    "RenderedParam",
    "Scope",
    "TemplateError",
    "check",
    "is_expression",
    "is_templated",
    "names_in",
    "names_in_pod",
    "names_of",
    "refuse_paths",
    "render_container",
    "render_items",
    "render_marked",
    "render_text",
    "render_value",
]


class TemplateError(ValueError):
    """A template cannot be rendered; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a template can name.

    Attributes:
        params: names of inputs, outputs with a value, and params.
        valueless: declared outputs without a value, which exist and cannot be used before the operation ends.
        connections: the fields of those that the operation uses, None where they are not known; None where
            templates cannot name connections.
    """

    params: frozenset[str]
    valueless: frozenset[str] = frozenset()
    connections: Mapping[str, Collection[str] | None] | None = None


def is_templated(text: str) -> bool:
    """Tell whether a text has anything to render."""
    return "{" in text and _MARK.search(text) is not None


NOTHING: Final[Mapping[str, JsonValue]] = MappingProxyType({})
PATHS: Final[Mapping[str, JsonValue]] = MappingProxyType(
    {
        "run_outputs_path": "$(POLYFLOW_OUTPUTS_PATH)",
        "run_artifacts_path": "$(POLYFLOW_ARTIFACTS_PATH)",
        "artifacts_path": "$(POLYFLOW_ARTIFACTS_PATH)",
        "context_path": "$(POLYFLOW_OUTPUTS_PATH)/..",
    }
)
"""Each cluster fills in its own folders, as Kubernetes fills in `$(NAME)`."""


def check(text: str, scope: Scope) -> list[Finding]:
    """Return what is wrong with a template, without rendering it."""
    if len(text) > MAX_TEMPLATE:
        return [Finding(Code.TEMPLATE_SIZE, f"a template has at most {MAX_TEMPLATE:,} characters")]
    references = _references(text)
    if references is None:
        from polyflow_shared.language.expressions import sandbox  # noqa: PLC0415 (53 ms, and most pipelines do without)

        used, findings = sandbox.inspect(text)
        return [*findings, *(finding for parts in used for finding in _unknown(parts, scope))]
    return [finding for parts in references for finding in _unknown(parts, scope)]


def _references(text: str) -> list[tuple[str, ...]] | None:
    """Return the dotted names of a template that has nothing else; None for any other."""
    simple = list(_SIMPLE.finditer(text))
    rest = _SIMPLE.sub("", text)
    if _MARK.search(rest) or "}}" in rest or any(match[1] in _WORDS for match in simple):
        return None
    return [(match[1], *match[2].split(".")[1:]) for match in simple]


def is_expression(text: str) -> bool:
    """Tell whether a template does more than name values."""
    return _references(text) is None


def names_in(text: str) -> Sequence[tuple[str, ...]]:
    """Return the dotted names of a template in which nothing is wrong, with those that may be undefined."""
    references = _references(text)
    if references is None:
        from polyflow_shared.language.expressions import sandbox  # noqa: PLC0415

        return sandbox.names(text)
    return references


def _unknown(parts: Sequence[str], scope: Scope) -> Iterator[Finding]:
    """Yield what is wrong with one dotted name."""
    name = parts[0]
    if name in scope.params or (name in SHORT_NAMES and len(parts) == 1):
        return
    if name in ("params", "globals") and len(parts) == 1:
        yield Finding(Code.TEMPLATE_NAME, f"`{name}` alone is no value", hint=f"write `{name}.NAME`")
    elif name in ("params", "globals"):
        yield from _unknown_entry(parts, scope)
    elif name in scope.valueless:
        yield Finding(Code.TEMPLATE_NAME, f"output `{name}` has no value before the operation ends")
    elif name == "connections" and scope.connections is not None:
        yield from _unknown_connection(parts, scope.connections)
    elif name in _NOT_YET:
        yield Finding(Code.NOT_YET, f"`{name}` in templates is not supported yet")
    else:
        known = {*scope.params, *SHORT_NAMES, "params", "globals"}
        yield Finding(
            Code.TEMPLATE_NAME, f"`{name}` is not a name that a template knows here", hint=_near(name, known)
        )


def _unknown_entry(parts: Sequence[str], scope: Scope) -> Iterator[Finding]:
    known = GLOBALS if parts[0] == "globals" else scope.params | {"as_args"}
    if len(parts) > 1 and parts[1] not in known:
        later = parts[0] == "globals" and parts[1] in _GLOBALS_NOT_YET
        code = Code.NOT_YET if later else Code.TEMPLATE_NAME
        what = "is not supported yet" if later else "does not exist"
        yield Finding(code, f"`{parts[0]}.{parts[1]}` {what}", hint="" if later else _near(parts[1], known))
    elif parts[0] == "params" and len(parts) > 2 and parts[1] in scope.params and parts[2] not in _ATTRIBUTES:
        whole = ".".join(parts[:3])
        if parts[2] in _ATTRIBUTES_NOT_YET:
            yield Finding(Code.NOT_YET, f"`{whole}` is not supported yet")
            return
        message = f"`{whole}` does not exist: a param has {', '.join(_ATTRIBUTES)}"
        yield Finding(Code.TEMPLATE_NAME, message, hint=_near(parts[2], _ATTRIBUTES))


def _unknown_connection(
    parts: Sequence[str], known: Mapping[str, Collection[str] | None]
) -> Iterator[Finding]:
    if len(parts) == 1:  # all of them, or one whose name is a value: `connections[params.to]`
        return
    fields = known.get(parts[1])
    if parts[1] not in known:
        message = f"the operation does not use a connection `{parts[1]}`"
        yield Finding(Code.TEMPLATE_NAME, message, hint=_near(parts[1], known))
    elif len(parts) > 2 and fields is not None and parts[2] not in fields:
        message = f"`{'.'.join(parts[:3])}` does not exist"
        yield Finding(Code.TEMPLATE_NAME, message, hint=_near(parts[2], fields))


def _near(name: str, known: Iterable[str]) -> Nearest:
    return Nearest(name, known)


_ATTRIBUTES: Final = ("value", "as_arg", "as_str", "type")
_ATTRIBUTES_NOT_YET: Final = frozenset({"connection"})
_NOT_YET: Final = frozenset({"connections", "init", "store_path"})
_GLOBALS_NOT_YET: Final = frozenset(
    {"run_relative_outputs_path", "store_path", "base_url", "base_urls", "ports", "status", "condition"}
)


def render_container(container: Container, names: Mapping[str, Any]) -> Container:
    """Return the container with its templates rendered.

    An item of command or args that is nothing but `{{ }}` is dropped where that gives null, and becomes
    several where it gives a list of arguments (`params.as_args`).  In command, args and env a cluster fills
    in `$(NAME)` where that is written, and in no value.

    Args:
        container: as planned.
        names: all that templates can name, as `names_in_pod` returns it.

    Raises:
        TemplateError: a name is unknown, an expression fails, or the result is too large.
    """
    rendered = container.model_copy(
        update={
            "image": _fixed("image", container.image, names),
            "working_dir": _fixed("workingDir", container.working_dir, names),
            "env_from": tuple(
                source.model_copy(update={"name": render_text(source.name, names, plain)})
                for source in container.env_from
            ),
            "command": tuple(item for text in container.command for item in render_items(text, names)),
            "args": tuple(item for text in container.args for item in render_items(text, names)),
            "env": {name: render_text(text, names) for name, text in container.env.items()},
        }
    )
    if len(rendered.model_dump_json()) > MAX_RENDERED:
        raise TemplateError(f"the rendered container is larger than {MAX_RENDERED // 1024} KiB")
    return rendered


def names_of(
    params: Mapping[str, RenderedParam],
    globals_: Mapping[str, JsonValue],
    connections: Mapping[str, JsonValue] = NOTHING,
) -> dict[str, Any]:
    """Return all that the templates of an operation can name, the paths that clusters fill in among it.

    Args:
        params: values by name.
        globals_: what `globals.X` names, without those paths.
        connections: what `connections.X` names.
    """

    def formatted(text: str, names: Mapping[str, Any]) -> str:
        return render_text(text, names, plain)

    return {"connections": connections, **named(params, {**globals_, **PATHS}, formatted)}


def names_in_pod(
    params: Mapping[str, RenderedParam],
    globals_: Mapping[str, JsonValue],
    connections: Mapping[str, JsonValue] = NOTHING,
) -> dict[str, Any]:
    """Return the same for templates in a pod, with marks where a cluster fills something in.

    Args:
        params: values by name, marked where they name a folder of the cluster (`variables.written`).
        globals_: what `globals.X` names, without those paths.
        connections: what `connections.X` names.
    """

    def formatted(text: str, names: Mapping[str, Any]) -> str:
        return text_of(render_marked(text, names)) if is_templated(text) else written(text)

    paths = {name: written(str(path)) for name, path in PATHS.items()}
    return {"connections": connections, **named(params, {**globals_, **paths}, formatted)}


def _fixed(field: str, text: str | None, names: Mapping[str, Any]) -> str | None:
    rendered = text and render_text(text, names, plain)
    refuse_paths(field, rendered or "")
    return rendered


def refuse_paths(field: str, text: str) -> None:
    """Refuse a folder that only the cluster knows, in a field where no cluster fills it in.

    Raises:
        TemplateError: there is one.
    """
    for name, path in PATHS.items():
        if str(path) in text:
            raise TemplateError(f"`{field}`: `globals.{name}` is known in `command`, `args` and `env` only")


Finish = Callable[[str], str]
"""What is done with marks: `escaped` where a cluster fills in `$(NAME)`, `plain` elsewhere, `str` later."""


def render_items(text: str, names: Mapping[str, Any], finish: Finish = escaped) -> Sequence[str]:
    """Return what an item of a command line becomes: nothing for null, several for a list of arguments.

    Raises:
        TemplateError: a name is unknown, or an expression fails.
    """
    value = render_marked(text, names)
    if value is None or value is ABSENT:
        return ()
    return [finish(item) for item in (value if isinstance(value, Arguments) else (text_of(value),))]


def render_text(text: str, names: Mapping[str, Any], finish: Finish = escaped) -> str:
    """Return what a template gives as a text.

    Raises:
        TemplateError: a name is unknown, or an expression fails.
    """
    return finish(text_of(render_marked(text, names)))


def render_value(text: str, names: Mapping[str, Any]) -> Any:
    """Return what a template gives: the value itself where it is a single `{{ }}`, a text otherwise.

    Raises:
        TemplateError: a name is unknown, or an expression fails.
    """
    return plain(render_marked(text, names)) if is_templated(text) else text


def render_marked(text: str, names: Mapping[str, Any]) -> Any:
    """Return the same with marks (`polyflow_shared.variables`) for each `$` that is no value's.

    Raises:
        TemplateError: a name is unknown, or an expression fails.
    """
    if not is_templated(text):
        return whole(text)
    references = _references(text)
    if references is None:
        from polyflow_shared.language.expressions import sandbox  # noqa: PLC0415

        try:
            return sandbox.evaluate(text, names)
        except sandbox.ExpressionError as error:
            raise TemplateError(f"template `{text[:200]}`: {error}") from error
    return _simple(text, references, names)


def _simple(text: str, references: Sequence[Sequence[str]], names: Mapping[str, Any]) -> Any:
    values = [_looked_up(parts, names) for parts in references]
    if len(values) == 1 and _SIMPLE.fullmatch(text):
        return values[0]
    if sum(len(value) for value in values if isinstance(value, str)) > MAX_RENDERED:
        raise TemplateError(f"the rendered text is larger than {MAX_RENDERED // 1024} KiB")
    pieces, end = [], 0
    for match, value in zip(_SIMPLE.finditer(text), values, strict=True):
        pieces += [written(text[end : match.start()]), text_of(value)]
        end = match.end()
    return "".join((*pieces, written(text[end:])))


def _looked_up(parts: Sequence[str], names: Mapping[str, Any]) -> Any:
    value: Any = names
    for depth, part in enumerate(parts):
        known = isinstance(value, Mapping) and part in value
        if not known:
            raise TemplateError(f"`{'.'.join(parts[: depth + 1])}` does not exist")
        value = value[part]
    return value

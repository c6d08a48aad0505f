"""Templates in the parts of a pod: what they render to has the type that Kubernetes wants there."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from polyflow_shared.language.expressions.names import text_of
from polyflow_shared.language.expressions.templates import (
    TemplateError,
    is_templated,
    refuse_paths,
    render_items,
    render_marked,
)
from polyflow_shared.language.findings import path_text
from polyflow_shared.language.kubernetes.check import check
from polyflow_shared.language.kubernetes.table import inner, table
from polyflow_shared.variables import escaped, plain
from polyflow_topics.pods import PodParts

MAX_PARTS: Final = 256 * 1024
"""Bytes of the rendered parts in JSON: with the container they must fit into a record of 1 MiB."""

_TEXTS: Final = frozenset({"str", "scalar", "datetime"})
_WITH_PATHS: Final = frozenset({"command", "args", "env", "subPathExpr"})
"""Fields that may name folders which only the cluster knows."""
_EXPANDED: Final = frozenset(
    {
        ("V1Container", "command"),
        ("V1Container", "args"),
        ("V1EnvVar", "value"),
        ("V1VolumeMount", "subPathExpr"),
        ("V1Probe", "exec"),
    }
)
"""Fields, each with the type that has it, in which Kubernetes fills in `$(NAME)`: `lifecycle` has none."""
_OPTIONAL: Final = {"V1Container": frozenset({"name"}), "V1PodSpec": frozenset({"containers"})}
_WHOLE: Final = {"container": "V1Container", "spec": "V1PodSpec"}
_LISTED: Final = {"init": "V1Container", "sidecars": "V1Container", "volumes": "V1Volume"}


def render_parts(parts: PodParts, names: Mapping[str, Any]) -> PodParts:
    """Return the parts of a pod with their templates rendered.

    Args:
        parts: as planned.
        names: all that templates can name, as `templates.names_in_pod` returns it.

    Raises:
        TemplateError: a name is unknown, an expression fails, the result is nothing that Kubernetes takes
            there, or too large.
    """
    rendered: dict[str, Any] = {
        field: _object(kind, getattr(parts, field), names, field) for field, kind in _WHOLE.items()
    }
    for field, kind in _LISTED.items():
        rendered[field] = tuple(_object(kind, one, names, field) for one in getattr(parts, field))
    rendered["env"] = {
        name: _object("V1EnvVarSource", source, names, f"env.{name}") for name, source in parts.env.items()
    }
    for field in ("labels", "annotations"):
        rendered[field] = plain(_tree("dict[str]", getattr(parts, field), names))
        _no_paths(rendered[field], field)
    whole = parts.model_copy(update=rendered)
    if len(whole.model_dump_json()) > MAX_PARTS:
        raise TemplateError(f"the rendered parts of the pod are larger than {MAX_PARTS // 1024} KiB")
    return whole


def _object(kind: str, value: Any, names: Mapping[str, Any], where: str) -> Any:
    rendered = _finished(kind, _tree(kind, value, names))
    checked = check(kind, rendered, optional=_OPTIONAL.get(kind, frozenset()))
    for finding in checked.findings:
        raise TemplateError(f"{where}.{path_text(finding.path)}: {finding.message}")
    _no_paths(rendered, where)
    return checked.value


def _tree(type_: str, value: Any, names: Mapping[str, Any]) -> Any:
    """Return a value of a type of the table with its templates rendered, and marks for what is written."""
    if type_ == "arguments":
        return [part for item in _items(value) for part in render_items(text_of(item), names, str)]
    if isinstance(value, str):
        return _leaf(type_, value, names)
    if isinstance(value, Mapping):
        return {key: _tree(_type_of(type_, key), part, names) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_tree(_type_of(type_, None), part, names) for part in value]
    return value


def _finished(type_: str, value: Any, *, expanded: bool = False) -> Any:
    """Return a rendered value as a cluster is sent it: its marks are gone, and where it fills in, escaped."""
    if isinstance(value, str):
        return escaped(value) if expanded else plain(value)
    if isinstance(value, dict):
        return {
            key: _finished(_type_of(type_, key), part, expanded=expanded or (type_, key) in _EXPANDED)
            for key, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [_finished(_type_of(type_, None), part, expanded=expanded) for part in value]
    return value


def _type_of(type_: str, key: str | None) -> str:
    """Return the type of an entry of a map or an object, or of the items of a list (None)."""
    outer, item = inner(type_)
    if outer:
        return item
    field = table().get(type_, {}).get(key) if key is not None else None
    return field.type if field else "object"


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else (value,)


def _leaf(type_: str, text: str, names: Mapping[str, Any]) -> Any:
    value = render_marked(text, names)
    if not is_templated(text):
        return value
    if type_ in _TEXTS:
        return text_of(value)
    return _number(value) if type_ in ("int", "bool", "port") and isinstance(value, str) else value


def _number(text: str) -> Any:
    """Return the number or truth value that several templates make together, or the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _no_paths(value: Any, where: str) -> None:
    """Raise for a folder that only the cluster knows, where no cluster fills it in."""
    for field, text in _texts(value, where):
        refuse_paths(field, text)


def _texts(value: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key not in _WITH_PATHS:
                yield from _texts(item, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _texts(item, f"{where}[{index}]")

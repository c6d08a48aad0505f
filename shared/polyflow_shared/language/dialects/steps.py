"""What becomes of values that are written in another form today: params, references, secrets, builds."""

import re
from collections.abc import Mapping
from typing import Any, Final

from polyflow_shared.language.codes import Code
from polyflow_shared.language.dialects.detect import REFERENCE_KEYS
from polyflow_shared.language.dialects.rules import Step, moved, reached, wrong
from polyflow_shared.language.dialects.tree import Map, Tree
from polyflow_shared.language.findings import Finding, Nearest, Path
from polyflow_shared.language.models import PARAM_KEYS

_REF: Final = re.compile(
    r"\{\{\s*(ops\.[-\w]+|runs\.\w+|dag)\.((?:inputs|outputs|artifacts|globals)[.\w-]*)\s*\}\}"
)


def long_form(tree: Tree, node: Map, key: str, _owner: Map) -> None:
    """Write `name: value` out as `name: {value: value}`, and `{{ ops.a.outputs.x }}` as a ref."""
    params = node[key]
    if not isinstance(params, dict):
        return
    for name in list(params):
        value = params[name]
        if isinstance(value, dict) and (not value or not PARAM_KEYS.isdisjoint(value)):
            continue
        match = _REF.fullmatch(value) if isinstance(value, str) else None
        if match:
            _as_ref(tree, params, name, match)
        else:
            _as_value(tree, params, name)


def _as_value(tree: Tree, params: Map, name: str) -> None:
    place, value = tree.place(params, name), params[name]
    tree.note("name: value", "name: {value: value}", place)
    written = tree.new_map(place, flow=not isinstance(value, dict | list))
    tree.put(written, "value", value, place)
    tree.replace(params, name, written)


def _as_ref(tree: Tree, params: Map, name: str, match: re.Match[str]) -> None:
    place = tree.place(params, name)
    tree.note(match[0], f"{{ref: {match[1]}, value: {match[2]}}}", place)
    written = tree.new_map(place, flow=True)
    tree.put(written, "ref", tree.scalar(match[1]), place)
    tree.put(written, "value", tree.scalar(match[2]), place)
    tree.replace(params, name, written)


_FIELDS: Final = {"name": "dagRef", "action": "hubRef", "event": "hubRef"}


def reference(tree: Tree, node: Map, key: str, _owner: Map) -> None:
    """Write `template: {name|action|event: X}` as `dagRef: X` or `hubRef: X`."""
    template = node[key]
    if not isinstance(template, dict) or REFERENCE_KEYS.isdisjoint(template):
        return  # today's `template` is a lock
    for other in template.keys() - REFERENCE_KEYS:
        hint = Nearest(other, REFERENCE_KEYS)
        path = tree.place(template, other)
        tree.findings.append(Finding(Code.UNKNOWN_FIELD, f"unknown field `{other}`", path, hint, at_key=True))
    given = [name for name in _FIELDS if name in template]
    if len(given) > 1:
        message = f"an operation's `template` has one of {', '.join(f'`{name}`' for name in given)}"
        tree.findings.append(Finding(Code.SEVERAL_DEFINITIONS, message, tree.place(node, key)))
    _refer(tree, node, key, given[0])


def _refer(tree: Tree, node: Map, key: str, name: str) -> None:
    field, template = _FIELDS[name], node[key]
    place, target = tree.place(template, name), template[name]
    tree.note(f"template: {{{name}: …}}", f"{field}: …", place)
    tree.move(template, name, node, field, beside=key)
    tree.drop(node, key)
    if name == "event":
        _wait_for(tree, node, target, place)


def _wait_for(tree: Tree, node: Map, target: Any, place: Path) -> None:
    """Let an operation wait for the event whose component it refers to."""
    event = tree.new_map(place, flow=True)
    kinds = tree.new_list(place, flow=True)
    tree.append(kinds, tree.scalar("project_custom_event"), place)
    tree.put(event, "kinds", kinds, place)
    tree.put(event, "ref", tree.scalar(f"hub.{target}"), place)
    if "events" not in node:
        tree.put(node, "events", tree.new_list(place), place)
    if isinstance(node["events"], list):
        tree.append(node["events"], event, place)


def env_from(field: str, container: str) -> Step:
    """Return the step that writes a list of names as `envFrom` of a container.

    Args:
        field: `secretRef` or `configMapRef`.
        container: the dotted path of the container, from the operation.
    """

    def step(tree: Tree, node: Map, key: str, owner: Map) -> None:
        names = node[key]
        if not isinstance(names, list):
            wrong(tree, node, key, f"`{key}` is a list of names", f"write `{key}: [{names}]`")
            return
        target = reached(tree, owner, container.split("."), place=(node, key))
        if target is None:
            wrong(tree, node, key, f"`{key}` belongs to a container, and `{container}` is none")
            return
        place = tree.place(node, key)
        tree.note(key, f"{container}.envFrom", place)
        _add_sources(tree, target, names, (field, place))
        tree.drop(node, key)

    return step


def _add_sources(tree: Tree, container: Map, names: list[Any], to: tuple[str, Path]) -> None:
    field, place = to
    if not isinstance(container.get("envFrom"), list):
        tree.put(container, "envFrom", tree.new_list(place), place)
    for index, name in enumerate(names):
        at = tree.place(names, index)
        inner, outer = tree.new_map(at, flow=True), tree.new_map(at, flow=True)
        tree.put(inner, "name", name, at)
        tree.put(outer, field, inner, at)
        tree.append(container["envFrom"], outer, at)


_BUILD_FIELDS: Final = frozenset(
    {
        "dockerfile", "image", "build_steps", "env_vars", "lang_env", "context", "ref", "branch", "commit",
        "nocache", "backend", "shell",
    }
)  # fmt: skip
"""Fields of a build in the beta dialect; all are params of the component that builds."""


def built_by(component: str) -> Step:
    """Return the step that writes `build: {dockerfile: …}` as a reference to the component that builds."""

    def step(tree: Tree, node: Map, key: str, owner: Map) -> None:
        build = node[key]
        if not isinstance(build, dict) or "hubRef" in build:
            return
        if set(build) == {"image"}:
            moved("run.container.image")(tree, build, "image", owner)
            tree.drop(node, key)
            return
        _refuse_unknown(tree, build)
        place = tree.place(node, key)
        tree.note("build: {dockerfile: …}", f"build: {{hubRef: {component}, params: …}}", place)
        params = tree.new_map(place)
        for name in list(build):
            tree.move(build, name, params, name)
        tree.put(build, "hubRef", tree.scalar(component), place)
        tree.put(build, "params", params, place)
        long_form(tree, build, "params", owner)

    return step


def _refuse_unknown(tree: Tree, build: Map) -> None:
    for name in [name for name in build if name not in _BUILD_FIELDS]:
        path, hint = tree.place(build, name), Nearest(name, _BUILD_FIELDS)
        finding = Finding(Code.UNKNOWN_FIELD, f"unknown field `{name}`", path, hint, at_key=True)
        tree.findings.append(finding)
        tree.drop(build, name)


def of_kind(field: str, kinds: Mapping[str, str]) -> Step:
    """Return the step that moves `kind` of a template to its run.

    Args:
        field: the dotted path of the run's kind.
        kinds: kinds of the older dialect and of the runs that they are; others stay what they are.
    """

    def step(tree: Tree, node: Map, key: str, owner: Map) -> None:
        kind = tree.value(node[key])
        if kind in ("component", "operation") or not isinstance(kind, str):
            return
        run = reached(tree, owner, field.split("."), place=(node, key))
        if run is not None and "kind" not in run:
            newer, place = kinds.get(kind, kind), tree.place(node, key)
            tree.note(f"kind: {kind}", f"{field}.kind: {newer}", place)
            tree.put(run, "kind", tree.scalar(newer), place, beside=next(iter(run), None))
        tree.drop(node, key)

    return step

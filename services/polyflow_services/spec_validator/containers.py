"""Containers of the plan, and the check of their templates."""

from collections.abc import Iterator

from polyflow_services.spec_validator.expand import Node
from polyflow_services.spec_validator.layers.composed import Composed
from polyflow_services.spec_validator.refs import Bindings
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path, under
from polyflow_shared.language.models import V1Job
from polyflow_shared.language.models.kubernetes import Container as ContainerMap
from polyflow_shared.language.templates import Scope, check, is_templated
from polyflow_topics.plan import Container


def planned_container(
    node: Node, bindings: Bindings, findings: list[Finding]
) -> tuple[Container | None, bool]:
    """Return a job's container, and whether it has templates; note what is wrong with it."""
    run, path = node.composed.run, (*node.composed.run_path, "container")
    if not isinstance(run, V1Job):
        return None, False
    container = run.container
    if not isinstance(container, dict) or not any(map(container.get, ("command", "args", "image"))):
        message = f"`{node.name}` has no container with an image or a command"
        findings.append(Finding(Code.NO_CONTAINER, message, path))
        return None, False
    texts = [(text, where) for text, where in _texts(container) if is_templated(text)]
    if texts:
        scope = _scope(node.composed, bindings)
        findings.extend(
            finding for text, where in texts for finding in under(path + where, check(text, scope))
        )
    findings.extend(_not_rendered(container, path))
    return _planned(container), bool(texts)


def _texts(container: ContainerMap) -> Iterator[tuple[str, Path]]:
    for field in ("command", "args"):
        for index, text in enumerate(container.get(field) or ()):
            yield text, (field, index)
    for index, variable in enumerate(container.get("env") or ()):
        yield variable.get("value") or "", ("env", index, "value")


def _scope(composed: Composed, bindings: Bindings) -> Scope:
    return Scope(frozenset(bindings), frozenset(composed.outputs) - frozenset(bindings))


def _not_rendered(container: ContainerMap, path: Path) -> Iterator[Finding]:
    for field in ("image", "workingDir"):
        if is_templated(container.get(field) or ""):
            yield Finding(Code.NOT_YET, f"a template in `{field}` is not supported yet", (*path, field))


def _planned(container: ContainerMap) -> Container:
    return Container(
        image=container.get("image"),
        command=tuple(container.get("command") or ()),
        args=tuple(container.get("args") or ()),
        env={variable["name"]: variable.get("value") or "" for variable in container.get("env") or ()},
        working_dir=container.get("workingDir"),
    )

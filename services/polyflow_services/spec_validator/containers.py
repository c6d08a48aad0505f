"""Containers of the plan, and the check of their templates."""

from collections.abc import Iterator

from polyflow_services.spec_validator.compose import Composed
from polyflow_services.spec_validator.expand import Node
from polyflow_services.spec_validator.refs import Bindings
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path, under
from polyflow_shared.language.models import V1Container, V1Job
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
    if container is None or not (container.command or container.args or container.image):
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


def _texts(container: V1Container) -> Iterator[tuple[str, Path]]:
    for index, text in enumerate(container.command or ()):
        yield text, ("command", index)
    for index, text in enumerate(container.args or ()):
        yield text, ("args", index)
    for index, variable in enumerate(container.env or ()):
        yield variable.value or "", ("env", index, "value")


def _scope(composed: Composed, bindings: Bindings) -> Scope:
    return Scope(frozenset(bindings), frozenset(composed.outputs) - frozenset(bindings))


def _not_rendered(container: V1Container, path: Path) -> Iterator[Finding]:
    for field, text in (("image", container.image), ("workingDir", container.working_dir)):
        if text is not None and is_templated(text):
            yield Finding(Code.NOT_YET, f"a template in `{field}` is not supported yet", (*path, field))


def _planned(container: V1Container) -> Container:
    return Container(
        image=container.image,
        command=tuple(container.command or ()),
        args=tuple(container.args or ()),
        env={variable.name: variable.value or "" for variable in container.env or ()},
        working_dir=container.working_dir,
    )

"""Containers of the plan, and the check of their templates."""

from collections.abc import Iterator

from polyflow_services.spec_validator.expand import Node
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import V1Job
from polyflow_shared.language.models.kubernetes import Container as ContainerMap
from polyflow_shared.language.templates import is_templated
from polyflow_topics.plan import Container


def planned_container(node: Node, findings: list[Finding]) -> Container | None:
    """Return a job's container; note what cannot be planned of it."""
    run, path = node.composed.run, (*node.composed.run_path, "container")
    if not isinstance(run, V1Job):
        return None
    container = run.container
    if not isinstance(container, dict) or not any(map(container.get, ("command", "args", "image"))):
        return None
    findings.extend(_not_rendered(container, path))
    return _planned(container)


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

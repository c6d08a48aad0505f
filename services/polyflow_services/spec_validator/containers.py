"""Containers of the plan, and the check of their templates."""

from collections.abc import Iterator
from typing import Final, Literal

from polyflow_services.spec_validator.expand import Node
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import V1Job
from polyflow_shared.language.models.kubernetes import Container as ContainerMap
from polyflow_shared.language.templates import is_templated
from polyflow_topics.plan import Container, EnvSource


def planned_container(node: Node, findings: list[Finding], built: str | None = None) -> Container | None:
    """Return a job's container; note what cannot be planned of it.

    Args:
        node: the operation.
        findings: where to note it.
        built: the image that is built for it, if one is.
    """
    run, path = node.composed.run, (*node.composed.run_path, "container")
    if not isinstance(run, V1Job):
        return None
    container = run.container if isinstance(run.container, dict) else {}
    if built:
        container = {**container, "image": built}
    if not any(map(container.get, ("command", "args", "image"))):
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
        env_from=tuple(_sources(container)),
        working_dir=container.get("workingDir"),
    )


_SOURCES: Final[dict[str, Literal["secret", "config_map"]]] = {
    "secretRef": "secret",
    "configMapRef": "config_map",
}


def _sources(container: ContainerMap) -> Iterator[EnvSource]:
    for source in container.get("envFrom") or ():
        for field, kind in _SOURCES.items():
            named = source.get(field)
            if isinstance(named, dict) and isinstance(named.get("name"), str):
                prefix, optional = source.get("prefix") or "", bool(named.get("optional"))
                yield EnvSource(kind=kind, name=named["name"], prefix=prefix, optional=optional)

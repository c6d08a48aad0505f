"""Containers of the plan."""

from collections.abc import Iterator
from typing import Final, Literal

from polyflow_services.spec_validator.layers.composed import Composed
from polyflow_services.spec_validator.planning.pods import literal_variables
from polyflow_shared.language.models import V1Job, V1Service
from polyflow_shared.language.models.kubernetes import Container as ContainerMap
from polyflow_topics.plan import Container, EnvSource


def planned_container(composed: Composed, built: str | None = None) -> Container | None:
    """Return the container of a job or service; None where it has none that runs anything.

    Args:
        composed: the operation.
        built: the image that is built for it, if one is.
    """
    if not isinstance(composed.run, V1Job | V1Service):
        return None
    container = composed.run.container if isinstance(composed.run.container, dict) else {}
    if built:
        container = {**container, "image": built}
    if not any(map(container.get, ("command", "args", "image"))):
        return None
    return _planned(container)


def _planned(container: ContainerMap) -> Container:
    return Container(
        image=container.get("image"),
        command=tuple(container.get("command") or ()),
        args=tuple(container.get("args") or ()),
        env=literal_variables(container),
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

"""What a connection is in a pod: volumes, mounts, variables.  Pure.

What an operation says itself comes before what its connections say.
"""

import json
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any, Final, Literal

from polyflow_shared.declared.connections.models import Connection, Resource
from polyflow_shared.variables import escaped
from polyflow_topics.message import Values
from polyflow_topics.plan import Container, EnvSource
from polyflow_topics.pods import PodParts

Source = Literal["secret", "config_map"]
_KEYS: Final[dict[Source, str]] = {"secret": "secretKeyRef", "config_map": "configMapKeyRef"}


def connected(
    container: Container, parts: PodParts | None, connections: Sequence[Connection]
) -> tuple[Container, PodParts | None]:
    """Return a main container and the rest of its pod with connections added to both.

    Args:
        container: as it was written.
        parts: as they were written.
        connections: in their order.
    """
    if not connections:
        return container, parts
    return reduce(_with, connections, (container, parts or PodParts()))


def volumes_of(connection: Connection) -> list[tuple[Values, Values]]:
    """Return the volumes of a connection, each with its mount in the main container."""
    return [*_own_volume(connection), *_files(connection)]


def _with(pod: tuple[Container, PodParts], connection: Connection) -> tuple[Container, PodParts]:
    container, parts = pod
    volumes = volumes_of(connection)
    mounts = [*_list(parts.container.get("volumeMounts")), *(mount for _, mount in volumes)]
    from_elsewhere, literal = _variables(connection)
    taken = container.env.keys() | parts.env.keys()
    container = container.model_copy(
        update={
            "env": {name: value for name, value in literal.items() if name not in taken} | container.env,
            "env_from": (*_sources(connection), *container.env_from),
        }
    )
    given: dict[str, Any] = {
        "container": parts.container | ({"volumeMounts": mounts} if volumes else {}),
        "env": {name: one for name, one in from_elsewhere.items() if name not in taken} | parts.env,
        "volumes": (*parts.volumes, *(volume for volume, _ in volumes)),
        "annotations": (connection.annotations or {}) | parts.annotations,
        "spec": parts.spec | _pull_secrets(connection, parts),
    }
    return container, parts.model_copy(update={name: value for name, value in given.items() if value})


def variable_of(name: str) -> str:
    """Return the variable that says where the connection of this name leads."""
    return f"POLYFLOW_CONNECTION_{name.replace('-', '_').upper()}"


def _own_volume(connection: Connection) -> Iterator[tuple[Values, Values]]:
    schema, name = connection.schema_, f"connection-{connection.name}"
    mount: Values = {"name": name, "mountPath": schema.mount_path}
    if schema.read_only:
        mount["readOnly"] = True
    if connection.kind == "volume_claim":
        yield {"name": name, "persistentVolumeClaim": {"claimName": schema.volume_claim}}, mount
    elif connection.kind == "host_path":
        yield {"name": name, "hostPath": {"path": schema.host_path}}, mount


def _files(connection: Connection) -> Iterator[tuple[Values, Values]]:
    for kind, resource in _resources(connection):
        if resource.mount_path is None:
            continue
        name = f"connection-{connection.name}-{kind.replace('_', '-')}"
        about: Values = {}
        if resource.items is not None:
            about["items"] = [{"key": item, "path": item} for item in resource.items]
        if resource.default_mode is not None:
            about["defaultMode"] = resource.default_mode
        named: Values = (
            {"secret": {"secretName": resource.name, **about}}
            if kind == "secret"
            else {"configMap": {"name": resource.name, **about}}
        )
        yield {"name": name, **named}, {"name": name, "mountPath": resource.mount_path, "readOnly": True}


def _resources(connection: Connection) -> Iterator[tuple[Source, Resource]]:
    if connection.secret is not None:
        yield "secret", connection.secret
    if connection.config_map is not None:
        yield "config_map", connection.config_map


def _as_variables(connection: Connection) -> Iterator[tuple[Source, Resource]]:
    for kind, resource in _resources(connection):
        if resource.mount_path is None and not (connection.kind == "registry" and kind == "secret"):
            yield kind, resource


def _sources(connection: Connection) -> Iterator[EnvSource]:
    for kind, resource in _as_variables(connection):
        if resource.items is None:
            yield EnvSource(kind=kind, name=resource.name)


def _variables(connection: Connection) -> tuple[dict[str, Values], dict[str, str]]:
    """Return the variables that are kept elsewhere, and those with a value."""
    from_elsewhere: dict[str, Values] = {
        item: {_KEYS[kind]: {"name": resource.name, "key": item}}
        for kind, resource in _as_variables(connection)
        for item in resource.items or ()
    }
    literal = {variable_of(connection.name): _told(connection)}
    for variable in connection.env or ():
        if variable.get("valueFrom") is not None:
            from_elsewhere[variable["name"]] = variable["valueFrom"]
        else:
            literal[variable["name"]] = variable.get("value") or ""
    return from_elsewhere, literal


def told_of(connection: Connection) -> Values:
    """Return what an operation may know of a connection: its kind and where it leads, no secret."""
    return {"kind": connection.kind, **connection.schema_.model_dump(by_alias=True, exclude_none=True)}


def _told(connection: Connection) -> str:
    """Return the same as JSON, in which a cluster fills in nothing."""
    return escaped(json.dumps(told_of(connection)))


def _pull_secrets(connection: Connection, parts: PodParts) -> Values:
    """Return the pod's secrets for images with that of a registry, unless it is mounted for other uses."""
    secret = connection.secret
    if connection.kind != "registry" or secret is None or secret.mount_path is not None:
        return {}
    return {"imagePullSecrets": [*_list(parts.spec.get("imagePullSecrets")), {"name": secret.name}]}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

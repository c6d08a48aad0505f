"""What a pod can have that a process of this machine cannot: refused by name where it changes what runs.

What only says where a pod runs, and with how much (nodes, tolerations, images, resources, probes), is left
aside instead: there is one machine.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import known
from polyflow_shared.language.models.pods import PodFields
from polyflow_shared.language.sanity.pods import containers_of

_VOLUMES: Final = frozenset({"name", "emptyDir", "hostPath", "persistentVolumeClaim"})
_SOURCES: Final = frozenset({"secretKeyRef", "configMapKeyRef", "fieldRef"})
_FIELDS: Final = ("metadata.name", "metadata.labels['", "metadata.annotations['")
_HINT: Final = "it runs on another cluster: name one with `queue`"


def not_a_process(run: PodFields) -> Iterator[Finding]:
    """Yield what a run's pods have that processes cannot have, by paths into the run.

    Args:
        run: with all its layers.
    """
    for index, volume in enumerate(known(run.volumes) or ()):
        for kind in volume.keys() - _VOLUMES:
            if volume[kind] is not None:
                yield _refused(f"a volume of kind `{kind}`", ("volumes", index, kind))
    for path, container in containers_of(run):
        yield from _container(container, path)


def _container(container: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    if path != ("container",) and not container.get("command"):
        yield _refused("a container without a `command`", path)
    if container.get("lifecycle"):
        yield _refused("`lifecycle`", (*path, "lifecycle"))
    variables = container.get("env")
    for index, variable in enumerate(variables if isinstance(variables, list) else ()):
        source = variable.get("valueFrom") if isinstance(variable, Mapping) else None
        for kind, value in (source or {}).items() if isinstance(source, Mapping) else ():
            if value is not None and not _is_known(kind, value):
                yield _refused(f"a variable from `{kind}`", (*path, "env", index, "valueFrom", kind))


def _is_known(kind: str, value: Any) -> bool:
    field = value.get("fieldPath", "") if kind == "fieldRef" and isinstance(value, Mapping) else _FIELDS[0]
    return kind in _SOURCES and str(field).startswith(_FIELDS)


def _refused(what: str, path: Path) -> Finding:
    return Finding(Code.NOT_YET, f"{what} is not supported for processes of this machine", path, _HINT)

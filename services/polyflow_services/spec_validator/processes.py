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
from polyflow_shared.language.pod_sanity import containers_of

_HINT: Final = "it runs on another cluster: name one with `queue`"


def not_a_process(run: PodFields) -> Iterator[Finding]:
    """Yield what a run's pods have that processes cannot have, by paths into the run.

    Args:
        run: with all its layers.
    """
    for index, volume in enumerate(known(run.volumes) or ()):
        for kind in volume.keys() - {"name"}:
            if volume[kind] is not None:
                yield _refused(f"a volume of kind `{kind}`", ("volumes", index, kind))
    for path, container in containers_of(run):
        yield from _container(container, path)


def _container(container: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    if path != ("container",):
        yield _refused("a container besides the main one", path)
    if container.get("lifecycle"):
        yield _refused("`lifecycle`", (*path, "lifecycle"))
    variables = container.get("env")
    for index, variable in enumerate(variables if isinstance(variables, list) else ()):
        source = variable.get("valueFrom") if isinstance(variable, Mapping) else None
        for kind, value in (source or {}).items() if isinstance(source, Mapping) else ():
            if value is not None:
                yield _refused(f"a variable from `{kind}`", (*path, "env", index, "valueFrom", kind))


def _refused(what: str, path: Path) -> Finding:
    return Finding(Code.NOT_YET, f"{what} is not supported for processes of this machine", path, _HINT)

"""Operations that are services, and namespaces: what is looked at before they are planned."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from polyflow_services.spec_validator.layers.composed import Composed
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import V1IO, V1Dag, V1Service, known
from polyflow_topics.pods import Service

_NAMESPACE: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_ADDRESS: Final = {
    name: V1IO(name=name, type=kind) for name, kind in (("host", "str"), ("port", "int"), ("url", "str"))
}


def planned_service(composed: Composed) -> Service | None:
    """Return what is said of an operation as a service; None for any other."""
    if not isinstance(composed.run, V1Service):
        return None
    return Service(ports=tuple(known(composed.run.ports) or ()))


def outputs_of(composed: Composed) -> Mapping[str, V1IO]:
    """Return the outputs that may be read from an operation: a service that is up tells where."""
    declared = {name: io for name, (io, _) in composed.outputs.items()}
    return {**_ADDRESS, **declared} if isinstance(composed.run, V1Service) else declared


def namespace_findings(composed: Composed) -> Iterator[Finding]:
    """Yield what is wrong with the namespace of an operation."""
    namespace, path = composed.operation.namespace, composed.place("namespace")
    if namespace is None:
        return
    if not _NAMESPACE.fullmatch(namespace):
        message = f"`{namespace}` is no namespace: lower-case letters, digits and dashes, at most 63"
        yield Finding(Code.NOT_YET if "{{" in namespace else Code.NOT_ALLOWED, message, path)
    elif isinstance(composed.run, V1Dag):
        message = "the namespace of a DAG is not supported yet"
        yield Finding(Code.NOT_YET, message, path, "write it on the operations of the DAG", at_key=True)


def port_findings(run: V1Service, path: Path) -> Iterator[Finding]:
    """Yield what this release cannot run of a service's own fields."""
    if not known(run.ports):
        yield Finding(Code.NOT_YET, "a service without `ports` is not supported yet", (*path, "ports"))
    if run.replicas not in (None, 1):
        message = "more than one replica is not supported yet"
        yield Finding(Code.NOT_YET, message, (*path, "replicas"), at_key=True)

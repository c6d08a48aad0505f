"""Services of a DAG: which of them end with it, and DAGs that would never end."""

from collections.abc import Iterator

from polyflow_services.spec_validator.shape.expand import DeclaredDag, Expansion
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding
from polyflow_shared.language.models import V1Service


def services_in(expansion: Expansion, scope: DeclaredDag) -> int:
    """Return how many operations of a DAG are services that end with the rest of it.

    There are none in a DAG of services alone (a single service is one): it goes on until it is stopped.
    """
    members = [expansion.operations[index] for index in scope.members.values()]
    services = sum(isinstance(declared.composed.run, V1Service) for declared in members)  # no matrix of them
    builders = sum(declared.builds is not None for declared in members)
    return 0 if services + builders == len(members) else services


def endless(expansion: Expansion, scope: DeclaredDag) -> Iterator[Finding]:
    """Yield that a nested DAG would never end."""
    members = [expansion.operations[index].composed.run for index in scope.members.values()]
    if scope.owner is not None and members and all(isinstance(run, V1Service) for run in members):
        message = "a DAG of services alone is not supported inside another DAG"
        hint = "move its services to the DAG around it"
        yield Finding(Code.NOT_YET, message, scope.path, hint)

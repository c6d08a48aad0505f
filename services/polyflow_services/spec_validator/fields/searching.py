"""Matrices: what of them this release cannot run yet."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import (
    V1EarlyStopping,
    V1GridSearch,
    V1Mapping,
    V1MetricEarlyStopping,
    V1RandomSearch,
    V1Service,
    known,
)
from polyflow_shared.language.models.early_stopping import V1TruncationStoppingPolicy

if TYPE_CHECKING:
    from polyflow_services.spec_validator.layers.composed import Composed


def matrix_findings(composed: "Composed") -> Iterator[Finding]:
    """Yield what the matrix of an operation has that cannot be run yet."""
    matrix, path = composed.matrix, composed.place("matrix")
    if matrix is None:
        return
    if not isinstance(matrix, V1Mapping | V1GridSearch | V1RandomSearch):
        message = f"a matrix of kind `{matrix.kind}` is not supported yet"
        hint = "`mapping`, `grid` and `random` are"
        yield Finding(Code.NOT_YET, message, (*path, "kind"), hint)
        return
    yield from policy_fields(known(matrix.early_stopping) or (), (*path, "earlyStopping"))
    if isinstance(composed.run, V1Service):
        message = "a matrix of services is not supported yet"
        hint = "put the service into a DAG with what uses it, and give the matrix to the DAG"
        yield Finding(Code.NOT_YET, message, path, hint, at_key=True)


def policy_fields(policies: Iterable[V1EarlyStopping], path: Path) -> Iterator[Finding]:
    """Yield what policies of early stopping have that cannot be run yet.

    Args:
        policies: of a DAG or a matrix.
        path: where their list stands.
    """
    for index, policy in enumerate(policies):
        comparison = policy.policy if isinstance(policy, V1MetricEarlyStopping) else None
        below = (*path, index, "policy")
        if isinstance(comparison, V1TruncationStoppingPolicy) and comparison.include_succeeded is False:
            message = "`includeSucceeded: false` is not supported: all that have come as far are compared"
            yield Finding(Code.NOT_YET, message, (*below, "includeSucceeded"))

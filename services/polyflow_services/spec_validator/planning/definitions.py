"""What an operation is, apart from where it stands in the plan and how often it is tried: a short hash.

Two operations of one definition do the same with the same values, as far as the plan says.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final

import msgspec

from polyflow_services.spec_validator.planning.operations import Operations
from polyflow_services.spec_validator.shape.layout import Layout, Unit
from polyflow_topics.plan import PlannedOperation, PlannedParam, PlannedTrials

LENGTH: Final = 16
"""Hexadecimal digits."""
_APART: Final = {
    "index", "name", "scope", "opens", "upstreams", "params", "kept", "definition", "matrix", "trial",
    "awaits", "builds", "read", "cache", "queue", "max_retries", "backoff", "failure_rules", "timeout",
}  # fmt: skip

Made = tuple[Unit, PlannedOperation, Sequence[PlannedTrials]]
"""An operation of a plan, and its trials where it is a matrix of what is no DAG."""


def defined(layout: Layout, operations: Operations) -> Iterator[Made]:
    """Yield all operations of a plan with their definitions."""
    names = {unit.index: unit.name for unit in layout.units}
    for unit in layout.units:
        operation = operations.planned(unit)
        own = definition(operation, names)
        blocks = [_of_trials(own, block) for block in operations.trials(unit)]
        yield unit, operation.model_copy(update={"definition": own}), blocks


def definition(operation: PlannedOperation, names: Mapping[int, str]) -> str:
    """Return the hash of an operation.

    Args:
        operation: as it is planned.
        names: of operations by their numbers, which another plan may give to others.
    """
    hashed = sha256(operation.__pydantic_serializer__.to_json(operation, exclude=_APART))
    hashed.update(b"pod" if operation.opens is None else b"scope")
    for param in operation.params:
        hashed.update(param.__pydantic_serializer__.to_json(param, exclude={"source"}))
        hashed.update(_source(param, names).encode())
    return hashed.hexdigest()[:LENGTH]


def _source(param: PlannedParam, names: Mapping[int, str]) -> str:
    source = param.source
    if source is None:
        return ""
    return f"{names.get(source.operation, '')}/{source.of}/{source.output}{source.files or ''}"


def _of_trials(matrix: str, block: PlannedTrials) -> PlannedTrials:
    every = (sha256(matrix.encode() + msgspec.json.encode(values)) for values in block.values)
    return block.model_copy(update={"definitions": tuple(one.hexdigest()[:LENGTH] for one in every)})

"""What an operation is, apart from where it stands in the plan and how often it is tried: a short hash.

Two operations of one definition do the same with the same values, as far as the plan says.  Left out is what
says the default: else all definitions would change with every release that adds a field.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final

import msgspec

from polyflow_services.spec_validator.fields.queueing import in_queue
from polyflow_services.spec_validator.planning.operations import Operations
from polyflow_services.spec_validator.shape.layout import Layout, Unit
from polyflow_topics.message import Frozen
from polyflow_topics.names import THE_RUN
from polyflow_topics.plan import PlannedAsking, PlannedOperation, PlannedParam, PlannedTrials
from polyflow_topics.pods import PodParts

LENGTH: Final = 16
"""Hexadecimal digits."""
_APART: Final = {
    "index", "name", "scope", "opens", "upstreams", "params", "parts", "kept", "definition", "matrix",
    "trial", "awaits", "builds", "read", "cache", "queue", "max_retries", "backoff", "failure_rules",
    "timeout",
}  # fmt: skip

_NOTHING: Final[Mapping[int, Mapping[str, bytes]]] = {}

Made = tuple[Unit, PlannedOperation, Sequence[PlannedTrials]]
"""An operation of a plan, and its trials where it is a matrix of what is no DAG."""


def defined(layout: Layout, operations: Operations, asks: PlannedAsking | None = None) -> Iterator[Made]:
    """Yield all operations of a plan with their definitions, and with what their queues add to their pods.

    Args:
        layout: their places.
        operations: plans them.
        asks: what the run finds in others for its DAG.
    """
    names = {unit.index: unit.name for unit in layout.units}
    found = {} if asks is None else {THE_RUN: _found(asks)}
    for unit in layout.units:  # what is in a DAG comes after the DAG
        operation = operations.planned(unit)
        if operation.opens is not None and operation.questions:
            found[unit.index] = _found(operation)
        own = definition(operation, names, found)
        blocks = [_of_trials(own, block) for block in operations.trials(unit)]
        parts = in_queue(operation.parts, unit.declared.queue)
        yield unit, operation.model_copy(update={"definition": own, "parts": parts}), blocks


def definition(
    operation: PlannedOperation, names: Mapping[int, str], found: Mapping[int, Mapping[str, bytes]] = _NOTHING
) -> str:
    """Return the hash of an operation.

    Args:
        operation: as it is planned, without what its queue adds.
        names: of operations by their numbers, which another plan may give to others.
        found: for the DAGs that find values in other runs, by their numbers, how each of these is found.
    """
    hashed = sha256(_said(operation, _APART))
    hashed.update(_said(operation.parts or PodParts(), {"ttl"}))
    hashed.update(b"pod" if operation.opens is None else b"scope")
    for param in operation.params:
        hashed.update(_said(param, {"source"}))
        hashed.update(_source(param, names))
        hashed.update(_behind(param, found))
    return hashed.hexdigest()[:LENGTH]


def _said(value: Frozen, apart: set[str]) -> bytes:
    return value.__pydantic_serializer__.to_json(value, exclude=apart, exclude_defaults=True)


def _source(param: PlannedParam, names: Mapping[int, str]) -> bytes:
    source = param.source
    if source is None:
        return b""
    return names.get(source.operation, "").encode() + _said(source, {"operation"})


def _found(asks: PlannedAsking | PlannedOperation) -> Mapping[str, bytes]:
    """Return how the values are found that a DAG has of other runs, by the names of its params."""
    questions = b"".join(_said(question, set()) for question in asks.questions)
    return {param.name: questions + _said(param, {"source"}) for param in asks.params if param.found}


def _behind(param: PlannedParam, found: Mapping[int, Mapping[str, bytes]]) -> bytes:
    """Return how the values are found that a param reads of a DAG."""
    source = param.source
    values = found.get(source.operation, {}) if source is not None and source.of in {"inputs", "io"} else {}
    wanted = source.output if source is not None else ""
    return b"".join(said for name, said in values.items() if wanted in {"", name})


def _of_trials(matrix: str, block: PlannedTrials) -> PlannedTrials:
    every = (sha256(matrix.encode() + msgspec.json.encode(values)) for values in block.values)
    return block.model_copy(update={"definitions": tuple(one.hexdigest()[:LENGTH] for one in every)})

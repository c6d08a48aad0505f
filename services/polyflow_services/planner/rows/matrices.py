"""Matrices: operations that open a scope of trials, which are like them but for some values.

A trial that is no DAG has a small row of its own; everything else is said once, by the matrix.  Trials of a
matrix stand at equal distances in the numbers of the plan: see `numbers_of`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from polyflow_services.planner.rows.planned import operation_row
from polyflow_services.planner.rows.state import OperationRow, ScopePlanRow, TrialRow
from polyflow_topics.message import Values
from polyflow_topics.names import OperationName
from polyflow_topics.plan import NOT_OF_TRIALS, PlannedOperation, PlannedTrials


def trial(matrix: PlannedOperation, index: int, row: OperationRow, values: msgspec.Raw) -> PlannedOperation:
    """Return what the plan says of a trial that is no DAG.

    Args:
        matrix: what it says of the matrix.
        index: the trial's number.
        row: the trial.
        values: its own values, as JSON.
    """
    own = zip(matrix.matrix.varied if matrix.matrix else (), msgspec.json.decode(values), strict=True)
    varied = tuple(param.model_copy(update={"value": value}) for param, value in own)
    return matrix.model_copy(
        update={
            **_OF_A_TRIAL,
            "index": index,
            "name": OperationName(row.name),
            "scope": row.scope,
            "params": (*matrix.params, *varied),
        }
    )


_OF_A_TRIAL: Final[Mapping[str, object]] = {
    **NOT_OF_TRIALS,
    "opens": None,
    "matrix": None,
    "read": False,
}
"""What is otherwise in the plan of a trial that is no DAG.  What others read they read of the matrix."""


def rows_of(
    matrix: PlannedOperation, owner: OperationRow, block: PlannedTrials, attempts: int
) -> Iterator[tuple[int, OperationRow, TrialRow]]:
    """Yield number and rows of each trial of a block.

    Args:
        matrix: what the plan says of the matrix.
        owner: the matrix.
        block: some of its trials.
        attempts: the number that attempts of this generation of the run count from.
    """
    # What joins find is found once, by the matrix.
    own = {**_OF_A_TRIAL, "questions": (), "scope": owner.opens}
    alike = operation_row(matrix.model_copy(update=own), attempts)
    for place, values in enumerate(block.values):
        row = replace(alike, name=f"{owner.name}.{block.trial + place}")
        yield block.first + place, row, TrialRow(block.owner, msgspec.Raw(msgspec.json.encode(values)))


def numbers_of(scope: ScopePlanRow) -> range:
    """Return the numbers of the trials of a matrix, in their order.

    Args:
        scope: what the plan says of the scope that the matrix opens.
    """
    size = (scope.last - scope.first) // max(1, scope.members)
    return range(scope.first, scope.last, max(1, size))


def member(
    scope: ScopePlanRow, find: Callable[[int], OperationRow | None], name: OperationName
) -> int | None:
    """Return the number of an operation directly in a scope by its name; None where there is none.

    That of a trial is known from its name; any other is looked for among all that is in the scope.

    Args:
        scope: what the plan says of the scope.
        find: returns an operation by its number.
        name: scoped.
    """
    last = name.rpartition(".")[2]
    trials = numbers_of(scope) if scope.trials and last.isdecimal() else range(0)
    likely = trials[int(last) : int(last) + 1] if trials else range(scope.first, scope.last)
    return next((index for index in likely if (row := find(index)) is not None and row.name == name), None)


def said_of(planned: PlannedOperation) -> tuple[tuple[str, str], Values | None]:
    """Return what is told of an operation that opens its scope: reason and message, and a trial's values."""
    if planned.trial:
        return ("", ""), {param.name: param.value for param in planned.params if param.source is None}
    if planned.matrix is None:
        return ("", ""), None
    count, seed = planned.matrix.trials, planned.matrix.seed
    message = f"{count} trial{'' if count == 1 else 's'} of a matrix of kind {planned.matrix.kind}"
    return ("TrialsPlanned", message if seed is None else f"{message}, drawn with seed {seed}"), None

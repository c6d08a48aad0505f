"""What is stored of an operation's plan: all that it says, without what is as it is for every operation."""

import pytest
from msgspec.structs import replace

from polyflow_services.planner.rows import matrices, state
from polyflow_services.planner.rows.planned import operation_row
from polyflow_services.planner.rows.run_rows import RunRows
from polyflow_shared.deciding.rows import StoredRows
from polyflow_topics.names import OperationName
from polyflow_topics.plan import (
    Backoff,
    Container,
    FailureRule,
    OutputOf,
    PlannedCache,
    PlannedCondition,
    PlannedMatrix,
    PlannedOperation,
    PlannedParam,
    PlannedTrials,
)
from polyflow_topics.pods import PodParts, Service
from polyflow_topics.queries import Question
from polyflow_topics.status import Trigger

PLAIN = PlannedOperation(index=1, name=OperationName("a"), container=Container(command=("true",)))
FULL = PlannedOperation(
    index=1,
    name=OperationName("a"),
    upstreams=2,
    trigger=Trigger.ONE_FAILED,
    skips=True,
    condition=PlannedCondition(text="{{ x }}"),
    container=Container(command=("sh", "-c", ""), env={"A": ""}),
    parts=PodParts(service=Service(ports=(80,))),
    templated=True,
    connections={"a": None, "b": {}, "c": 0},
    params=(
        PlannedParam(name="none", value=None),
        PlannedParam(name="no", value=False),
        PlannedParam(name="zero", value=0),
        PlannedParam(name="empty", value=""),
        PlannedParam(name="read", source=OutputOf(operation=0, output="loss")),
    ),
    outputs={"loss": None},
    max_retries=2,
    backoff=Backoff(kind="fixed", delay=0),
    failure_rules=(FailureRule(action="ignore"),),
    timeout=0,
    cache=PlannedCache(digest="0"),
)


def read_back(planned: PlannedOperation) -> PlannedOperation:
    """Return a plan as another decision reads it that was written by one."""
    stored = StoredRows(state.CODEC)
    written = RunRows(stored, "r")
    written.put_operation(1, state.OperationRow(planned.name, planned.cluster, planned.scope, 0))
    written.put_planned(planned)
    for key, row in written.writes().items():
        stored.put(key, None if row is None else state.CODEC.encode(row))
    return RunRows(stored, "r").planned(1)


@pytest.mark.parametrize("planned", [PLAIN, FULL], ids=["plain", "full"])
def test_a_plan_is_read_as_it_was_written(planned):
    assert read_back(planned).model_dump_json() == planned.model_dump_json()


def test_a_plan_that_was_stored_with_all_its_fields_is_read_as_well():
    stored = StoredRows(state.CODEC)
    body = FULL.model_dump_json(exclude={"index", "name", "definition", "kept"})
    stored.put("r/plan/1", b'["document.v1",' + body.encode() + b"]")
    stored.put("r/operation/1", state.CODEC.encode(state.OperationRow("a", "local", 0, 0)))
    assert RunRows(stored, "r").planned(1).model_dump_json() == FULL.model_dump_json()


def test_a_row_of_a_plan_takes_what_the_plan_says():
    stored = RunRows(StoredRows(state.CODEC), "r")
    stored.put_planned(PLAIN)
    assert state.CODEC.encode(stored.need("r/plan/1", state.DocumentRow)) == (
        b'["document.v1",{"container":{"command":["true"]}}]'
    )


def test_the_row_of_a_trial_is_as_its_own_plan_says_but_that_the_matrix_has_asked():
    varied = (PlannedParam(name="n"),)
    matrix = FULL.model_copy(
        update={
            "opens": 1,
            "matrix": PlannedMatrix(kind="mapping", trials=2, varied=varied),
            "questions": (Question(query="status: succeeded"),),
            "parts": None,
            "read": True,
            "approval": True,
            "queue": "gpu",
        }
    )
    block = PlannedTrials(owner=1, first=2, trial=0, values=((1,), (2,)))
    rows = list(matrices.rows_of(matrix, operation_row(matrix, 3), block, 3))
    first = state.OperationRow(
        "a.0",
        "local",
        1,
        0,
        retries=2,
        defaults=True,
        stated=False,
        trial=True,
        cached=True,
        limited=True,
        attempt=3,
    )
    assert [(index, row) for index, row, _ in rows] == [(2, first), (3, replace(first, name="a.1"))]
    for index, row, trial in rows:
        planned = operation_row(matrices.trial(matrix, index, row, trial.values), 3)
        assert (planned.asks, replace(planned, asks=False)) == (True, row)

"""What params read of operations beside their outputs: inputs, times, and how they stand."""

from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import replace
from pydantic import JsonValue

from polyflow_services.planner.rows import keys, state
from polyflow_services.planner.rows.kept import ToldRow
from polyflow_services.planner.rows.run_rows import RunRows
from polyflow_services.planner.rows.state import OperationRow
from polyflow_services.planner.values import artifacts
from polyflow_services.planner.values.params import Upstream, context_of
from polyflow_topics.message import Values
from polyflow_topics.names import THE_RUN, RunId, operation_id
from polyflow_topics.plan import OutputOf
from polyflow_topics.pods import ARTIFACTS
from polyflow_topics.status import Status

_AT_ONCE: Final = frozenset({Status.SUCCEEDED, Status.SKIPPED})
"""Ends that may come without an execution, and stand for one."""


class DatedRows(RunRows):
    """The rows of a run, and the time of the decision that is made on them."""

    run: RunId
    at: datetime


def keep(turn: DatedRows, index: int, row: OperationRow, inputs: Values | None) -> None:
    """Keep what others read of an operation, when it has a new status.

    Args:
        turn: the decision.
        index: the operation's number.
        row: the operation as it stands now.
        inputs: its params; none where they are not told with this status.
    """
    key = keys.told_key(turn.run, index)
    before = turn.find(key) or ToldRow()
    after = before if inputs is None else replace(before, inputs=msgspec.Raw(msgspec.json.encode(inputs)))
    if row.status is Status.RUNNING and after.started is None:
        after = replace(after, started=turn.at)
    if state.final(row.status):
        after = replace(after, finished=turn.at)
    if row.status in _AT_ONCE and after.started is None:
        # What comes from the cache has all that an execution would have.
        after = replace(after, started=turn.at)
    turn.put(key, after)


def date(turn: DatedRows, index: int, ran: tuple[datetime, datetime]) -> None:
    """Note when that was executed whose outputs an operation has: in an earlier run, or another one."""
    key = keys.told_key(turn.run, index)
    turn.put(key, replace(turn.need(key, ToldRow), started=ran[0], finished=ran[1]))


def read(turn: DatedRows, source: OutputOf) -> Upstream:
    """Return an operation, or the run, with what a param reads of it that is no output."""
    if source.operation == THE_RUN:
        return Upstream("the run", turn.run_row().status, _of_run(turn, source))
    row = turn.operation(source.operation)
    if source.of == ARTIFACTS:
        return Upstream(row.name, row.status, artifacts.of_upstream(row.name, row.status, source))
    told = turn.find(keys.told_key(turn.run, source.operation)) or ToldRow()
    if source.of == "globals":
        return Upstream(row.name, row.status, _globals(turn, row, told))
    inputs = msgspec.json.decode(told.inputs)
    if source.of == "inputs":
        return Upstream(row.name, row.status, inputs)
    outputs = turn.document(keys.outputs_key(turn.run, source.operation)) or {}
    return Upstream(row.name, row.status, {"inputs": inputs, "outputs": outputs})


def _of_run(turn: DatedRows, source: OutputOf) -> Values:
    params = turn.document(keys.params_key(turn.run)) or {}
    if source.of == "globals":
        head = turn.head()
        about = context_of(head, turn.run, head.name) | {"status": turn.run_row().status.value}
        return _known(about | {"is_independent": True})
    return {"inputs": params} if source.of == "io" else params


def _globals(turn: DatedRows, row: OperationRow, told: ToldRow) -> Values:
    began, ended = told.started, told.finished
    about: Values = {
        "uuid": operation_id(turn.run, row.name),
        "status": row.status.value,
        "started_at": began.isoformat() if began else None,
        "finished_at": ended.isoformat() if ended else None,
        "duration": (ended - began).total_seconds() if began and ended else None,
    }
    return _known(context_of(turn.head(), turn.run, row.name) | about)


def _known(values: dict[str, JsonValue]) -> Values:
    return {name: value for name, value in values.items() if value is not None}

"""The rows of one run as they stand in the middle of a decision, by what they are rather than by their keys.

Operations, scopes and the run's counters are looked at many times in a decision: they are kept by their
numbers, and get their keys when the decision is made, or when somebody asks for rows by key.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar

import msgspec

from polyflow_services.planner.rows import claims, kept, keys, matrices, state
from polyflow_services.planner.rows.state import (
    HeadRow,
    OperationRow,
    RunRow,
    ScopePlanRow,
    ScopeRow,
    TrialRow,
)
from polyflow_shared.deciding.rows import Changes, Row, Rows
from polyflow_shared.errors import InvariantError
from polyflow_topics.message import Values
from polyflow_topics.origins import Kept
from polyflow_topics.plan import PlannedOperation

R = TypeVar("R", bound=Row)

PLANS_KEPT: Final = 1024
"""Different plans of operations that are kept decoded; the operations of a fan-out or matrix share one."""


class RunRows:
    """What a decision reads and writes."""

    def __init__(self, rows: Rows[Any], run: str) -> None:
        """Begin with the rows as they are.

        Args:
            rows: what the planner remembers.
            run: whose rows these are.
        """
        self._key = run
        self._below = rows
        self._read = rows.get
        self._writes: dict[str, Row | None] = {}
        self._run: RunRow | None = None
        self._head: HeadRow | None = None
        self._operations: dict[int, OperationRow] = {}
        self._scopes: dict[int, ScopeRow] = {}
        self._scope_plans: dict[int, ScopePlanRow] = {}
        self._put_run = False
        self._put_operations: dict[int, OperationRow] = {}
        self._put_scopes: dict[int, ScopeRow] = {}

    # By key

    @property
    def rows(self) -> Changes[Row]:
        """Return the rows by their keys, as they stand now."""
        self._write_down()
        return Changes(self._below, self._writes)

    def find(self, key: str) -> Any:
        """Return a row that is kept by its key alone, or None: no operation, no scope, not the counters."""
        return self._writes[key] if key in self._writes else self._read(key)

    def find_of(self, key: str, kind: type[R]) -> R | None:
        """Return a row of a kind that is kept by its key alone, or None."""
        row = self.find(key)
        return row if isinstance(row, kind) else None

    def need(self, key: str, kind: type[R]) -> R:
        """Return a row that the plan or an earlier decision must have written.

        Raises:
            InvariantError: there is no such row, or it is of another kind.
        """
        row = self._writes[key] if key in self._writes else self._read(key)
        if not isinstance(row, kind):
            raise InvariantError(f"row {key} is missing")
        return row

    def put(self, key: str, row: Row | None) -> None:
        """Set a row, or remove it."""
        self._write_down()
        self._writes[key] = row
        # It may be one that is kept by its number.
        self._run = self._head = None
        self._operations.clear()
        self._scopes.clear()
        self._scope_plans.clear()

    def writes(self) -> Mapping[str, Row | None]:
        """Return what has changed so far, by key; None removes."""
        self._write_down()
        return self._writes

    def put_alone(self, key: str, row: Row | None) -> None:
        """Set a row that is kept by its key alone, or remove it."""
        self._writes[key] = row

    def remove(self, key: str) -> None:
        """Remove a row that is kept by its key alone."""
        self._writes[key] = None

    def remove_operation(self, index: int) -> None:
        """Remove an operation's status and counters."""
        self._operations.pop(index, None)
        self._put_operations.pop(index, None)
        self._writes[keys.operation_key(self._key, index)] = None

    def document(self, key: str) -> Values | None:
        """Return a larger value, or None if there is none."""
        row = self.find_of(key, state.DocumentRow)
        return None if row is None else msgspec.json.decode(row.body)

    def put_document(self, key: str, value: Values) -> None:
        """Set a larger value."""
        self._writes[key] = state.DocumentRow(msgspec.Raw(msgspec.json.encode(value)))

    # By what they are

    def find_run(self) -> RunRow | None:
        """Return the run's counters, or None if there is no such run, or none any more."""
        if self._run is None:
            self._run = self.find_of(keys.run_key(self._key), RunRow)
        return self._run

    def run_row(self) -> RunRow:
        """Return the run's counters.

        Raises:
            InvariantError: there is no such run.
        """
        return self.find_run() or self.need(keys.run_key(self._key), RunRow)

    def put_run(self, row: RunRow) -> None:
        """Set the run's counters."""
        self._run = row
        self._put_run = True

    def head(self) -> HeadRow:
        """Return what the request said of itself."""
        if self._head is None:
            self._head = self.need(keys.head_key(self._key), HeadRow)
        return self._head

    def find_operation(self, index: int) -> OperationRow | None:
        """Return an operation's status and counters; None where the run, or its plan, is not there."""
        if index in self._operations:
            return self._operations[index]
        found: OperationRow | None = self.find(keys.operation_key(self._key, index))
        if found is not None:
            self._operations[index] = found
        return found

    def operation(self, index: int) -> OperationRow:
        """Return an operation's status and counters."""
        if index in self._operations:
            return self._operations[index]
        row = self._operations[index] = self.need(keys.operation_key(self._key, index), OperationRow)
        return row

    def put_operation(self, index: int, row: OperationRow) -> None:
        """Set an operation's status and counters."""
        self._operations[index] = self._put_operations[index] = row

    def scope(self, number: int) -> ScopeRow:
        """Return a scope's counters."""
        if number in self._scopes:
            return self._scopes[number]
        row = self._scopes[number] = self.need(keys.scope_key(self._key, number), ScopeRow)
        return row

    def put_scope(self, number: int, row: ScopeRow) -> None:
        """Set a scope's counters."""
        self._scopes[number] = self._put_scopes[number] = row

    def scope_plan(self, number: int) -> ScopePlanRow:
        """Return what the plan says of a scope."""
        if number in self._scope_plans:
            return self._scope_plans[number]
        row = self._scope_plans[number] = self.need(keys.scope_plan_key(self._key, number), ScopePlanRow)
        return row

    def limit(self, number: int) -> int:
        """Return how many operations of a scope may be active; 0 for any number."""
        changed = self.scope(number).limit
        return (self.scope_plan(number).concurrency or state.UNLIMITED) if changed == state.NONE else changed

    def planned(self, index: int) -> PlannedOperation:
        """Return what the plan says of an operation."""
        key = keys.plan_key(self._key, index)
        row = self.find(key)
        if isinstance(row, state.TrialRow):
            return matrices.trial(self.planned(row.owner), index, self.operation(index), row.values)
        if row is None:
            raise InvariantError(f"row {key} is missing")
        alike = _plan_of(bytes(row.body))
        fields = alike.__dict__.copy()
        fields["index"], fields["name"] = index, self.operation(index).name
        planned = PlannedOperation.trusted(fields)
        return planned if not planned.questions else self._answered(planned)

    def _answered(self, planned: PlannedOperation) -> PlannedOperation:
        """Return a plan with what its questions have found, as far as there are answers."""
        row = self.find(keys.answers_key(self._key, planned.index))
        values = {} if row is None else msgspec.json.decode(row.values)
        params = [
            param.model_copy(update={"value": values.get(param.name, param.value)})
            for param in planned.params
        ]
        return planned.model_copy(update={"params": tuple(params)})

    def put_planned(self, operation: PlannedOperation) -> None:
        """Set what the plan says of an operation.

        Left out is what says the default; a version of a message never changes the default of a field.
        """
        body = operation.__pydantic_serializer__.to_json(operation, exclude=_OWN, exclude_defaults=True)
        self._writes[keys.plan_key(self._key, operation.index)] = state.DocumentRow(msgspec.Raw(body))

    def put_ended(self, index: int, ended: Kept | None) -> None:
        """Set how an operation has ended in an earlier run; nothing for one that runs."""
        if ended is not None:
            body = ended.__pydantic_serializer__.to_json(ended)
            self._writes[keys.ended_key(self._key, index)] = state.DocumentRow(msgspec.Raw(body))

    def put_trial(self, index: int, row: TrialRow) -> None:
        """Set what the plan says of a trial that is no DAG."""
        self._writes[keys.plan_key(self._key, index)] = row

    def slot_asked(self, index: int) -> claims.SlotRow | None:
        """Return what an operation has asked admission for."""
        return self.find_of(claims.slot_key(self._key, index), claims.SlotRow)

    def result_asked(self, index: int) -> claims.LookUpRow | None:
        """Return what an operation has asked the cache."""
        return self.find_of(claims.look_up_key(self._key, index), claims.LookUpRow)

    def stop_of(self, index: int) -> kept.PendingStopRow | None:
        """Return why an operation was told to end, where it alone was."""
        return self.find_of(keys.stopping_key(self._key, index), kept.PendingStopRow)

    def closing(self, number: int) -> tuple[int, ScopeRow] | None:
        """Return the innermost scope around (and with) this one that is closing, or None."""
        while number != state.NONE:
            row = self.scope(number)
            if row.rest is not None:
                return number, row
            number = self._parent(number)
        return None

    def lets_go(self, number: int) -> bool:
        """Tell whether what happens in a scope lets others go on: it has begun, and nothing closes it."""
        owner = self.scope_plan(number).owner
        begun = owner == state.NONE or self.operation(owner).status not in state.NOT_BEGUN
        return begun and self.closing(number) is None

    def ancestors(self, number: int) -> Sequence[int]:
        """Return this scope and all around it, innermost first."""
        found = []
        while number != state.NONE:
            found.append(number)
            number = self._parent(number)
        return found

    def _parent(self, number: int) -> int:
        owner = self.scope_plan(number).owner
        return state.NONE if owner == state.NONE else self.operation(owner).scope

    def _write_down(self) -> None:
        writes = self._writes
        if self._put_run:
            writes[keys.run_key(self._key)] = self._run
            self._put_run = False
        if self._put_operations:
            for index, row in self._put_operations.items():
                writes[keys.operation_key(self._key, index)] = row
            self._put_operations.clear()
        if self._put_scopes:
            for number, scope in self._put_scopes.items():
                writes[keys.scope_key(self._key, number)] = scope
            self._put_scopes.clear()


_OWN: Final = {"index", "name", "definition", "kept"}
"""What tells an operation's plan from that of the others that run the same; its row has it as well."""


@lru_cache(maxsize=PLANS_KEPT)
def _plan_of(body: bytes) -> PlannedOperation:
    return PlannedOperation.model_validate({"index": 0, "name": "", **msgspec.json.decode(body)})

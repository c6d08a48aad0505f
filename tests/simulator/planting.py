"""Cores with a mistake: what planted bugs are made of."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec.structs import replace as changed

from polyflow_services.planner import core as planner
from polyflow_shared.deciding.decision import Decide, Decision
from polyflow_shared.deciding.rows import Row, Rows
from polyflow_topics.inbox import OperationReported
from polyflow_topics.message import Message
from polyflow_topics.plan import PlanPart


def silenced(keep: Callable[[Message, Message], bool]) -> Decide:
    """Return a planner that does not say what `keep(cause, said)` refuses."""

    def decide(rows: Rows[Any], message: Message, at: datetime) -> Decision:
        decision = planner.decide(rows, message, at)
        return changed(decision, messages=[said for said in decision.messages if keep(message, said)])

    return decide


def rewritten(change: Callable[[Rows[Any], str, Row | None], Row | None]) -> Decide:
    """Return a planner whose rows are written as `change(rows before, key, row)` says."""

    def decide(rows: Rows[Any], message: Message, at: datetime) -> Decision:
        decision = planner.decide(rows, message, at)
        writes = {key: change(rows, key, row) for key, row in decision.writes.items()}
        return changed(decision, writes=writes)

    return decide


def replanned(change: Callable[[PlanPart], PlanPart]) -> Decide:
    """Return a planner that reads another plan than was written."""

    def decide(rows: Rows[Any], message: Message, at: datetime) -> Decision:
        return planner.decide(rows, change(message) if isinstance(message, PlanPart) else message, at)

    return decide


def misheard(changes: Callable[[OperationReported], dict[str, Any]]) -> Decide:
    """Return a planner that hears reports otherwise than they were made."""

    def decide(rows: Rows[Any], message: Message, at: datetime) -> Decision:
        if isinstance(message, OperationReported):
            message = message.model_copy(update=changes(message))
        return planner.decide(rows, message, at)

    return decide

"""What keeps an operation from running although its trigger is met: its condition, or a skipped upstream."""

from collections.abc import Mapping
from typing import Final

from polyflow_services.planner.ends.endings import End
from polyflow_services.planner.rows import keys
from polyflow_services.planner.turn import Turn
from polyflow_services.planner.values.conditions import unmet
from polyflow_services.planner.values.params import (
    ParamError,
    UpstreamSkippedError,
    context_of,
    rendered_params,
    values_of,
)
from polyflow_shared.language.expressions.names import RenderedParam
from polyflow_topics.origins import Kept, Origin
from polyflow_topics.status import Status

UPSTREAM_SKIPPED: Final = "UpstreamSkipped"
"""The reason of an operation that is skipped because an upstream was."""
APPROVAL_AWAITED: Final = "ApprovalAwaited"
"""Why a run or an operation is held that somebody is to approve."""
KEPT: Final = "Kept"
"""The reason of an operation that has ended in an earlier run and does not run again."""


def ended(turn: Turn, index: int) -> End:
    """Return how an operation ends that the run keeps from the one it comes from."""
    known = Kept.model_validate(turn.document(keys.ended_key(turn.run, index)))
    origin = Origin.model_validate_json(turn.head().origin)
    whose = "before this run was resumed" if origin.kind == "resume" else f"in run {origin.run}"
    did = "was skipped" if known.status == "skipped" else "succeeded"
    ran = (known.started, known.finished) if known.started and known.finished else None
    return End(
        Status(known.status),
        KEPT,
        f"it {did} {whose}",
        outputs=known.outputs,
        params=known.params or None,
        ran=ran,
    )


def closed(turn: Turn, index: int) -> End | None:
    """Return how an operation ends that is not to be run after all; None where it is run."""
    planned = turn.planned(index)
    condition = planned.condition
    params = planned.params if condition is None or condition.params is None else condition.params
    try:
        values = values_of(params, turn.upstream)
    except ParamError as error:
        return end_of(error)
    if condition is None:
        return None
    return unless(turn, condition.text, rendered_params(params, values), planned.name)


def unless(turn: Turn, condition: str, params: Mapping[str, RenderedParam], name: str) -> End | None:
    """Return how what a condition stands over ends, unless the condition is true.

    Args:
        turn: the decision.
        condition: a template.
        params: what it can name.
        name: what `globals.name` stands for.
    """
    found = unmet(condition, params, context_of(turn.head(), turn.run, name))
    if found is None:
        return None
    if found.reason == "ConditionInvalid":
        message = f"condition `{found.shown}` cannot be evaluated: {found.error}"
        return End(Status.FAILED, found.reason, message)
    return End(Status.SKIPPED, found.reason, f"condition `{found.shown}` is false")


def end_of(error: ParamError) -> End:
    """Return how an operation ends that lacks a value."""
    if isinstance(error, UpstreamSkippedError):
        return End(Status.SKIPPED, UPSTREAM_SKIPPED, str(error))
    return End(Status.FAILED, "ParamInvalid", str(error))

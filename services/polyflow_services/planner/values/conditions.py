"""Conditions, evaluated when what they stand over is due: of operations, of runs, of hooks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import JsonValue

from polyflow_shared.language.expressions.names import RenderedParam

SHOWN: Final = 200
"""Characters of a condition that messages show."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """A condition that does not hold.

    Attributes:
        reason: a word for events.
        shown: the condition, or its beginning.
        error: why it cannot be evaluated; empty where it is false.
    """

    reason: Literal["ConditionInvalid", "ConditionFalse"]
    shown: str
    error: str = ""


def unmet(
    condition: str, params: Mapping[str, RenderedParam], context: Mapping[str, JsonValue]
) -> Unmet | None:
    """Return why a condition does not hold; None where it does.

    Args:
        condition: a template.
        params: what it can name.
        context: the globals, by name.
    """
    # The evaluation brings jinja2 with it for anything but a bare name.
    from polyflow_shared.language.expressions.conditions import ConditionError, holds  # noqa: PLC0415

    shown = condition[:SHOWN]
    try:
        return None if holds(condition, params, context) else Unmet("ConditionFalse", shown)
    except ConditionError as error:
        return Unmet("ConditionInvalid", shown, str(error))

"""Conditions: expressions that say whether something is run.  One parser with templates, and one answer."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pydantic import JsonValue

from polyflow_shared.language.expressions import templates
from polyflow_shared.language.expressions.names import RenderedParam
from polyflow_shared.language.expressions.templates import (
    Scope,
    TemplateError,
    is_templated,
    names_of,
    render_value,
)
from polyflow_shared.language.findings import Finding

_WORDS: Final = {
    **dict.fromkeys(("true", "yes", "on", "y", "t", "1"), True),
    **dict.fromkeys(("false", "no", "off", "n", "f", "0"), False),
}
"""Texts that are an answer."""
_SHOWN: Final = 80


class ConditionError(ValueError):
    """A condition has no answer; the message is for the user."""


def template(text: str) -> str:
    """Return a condition as a template: it may be written with or without `{{ }}`."""
    return text if is_templated(text) else f"{{{{ {text} }}}}"


def check(text: str, scope: Scope) -> list[Finding]:
    """Return what is wrong with a condition, which may have no braces, without evaluating it."""
    found = templates.check(template(text), scope)
    answer = _WORDS.get(text.strip("{} ").lower())
    if answer is None:
        return found
    # The word is an answer where a value has it, so it is easily taken for one here.
    return [replace(one, hint=f'write "{str(answer).lower()}", in quotes') for one in found]


def holds(text: str, params: Mapping[str, RenderedParam], globals_: Mapping[str, JsonValue]) -> bool:
    """Tell whether a condition is true.

    Args:
        text: a template.
        params: values by name.
        globals_: what `globals.X` names.

    Raises:
        ConditionError: it cannot be evaluated, or gives neither true nor false.
    """
    try:
        value = render_value(text, names_of(params, globals_))
    except TemplateError as error:
        raise ConditionError(str(error.__cause__ or error)) from error
    answer = _answer(value)
    if answer is None:
        shown = "null" if value is None else repr(value) if isinstance(value, str) else str(value)
        raise ConditionError(f"it gives {shown[:_SHOWN]}, which is neither true nor false")
    return answer


def _answer(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float | str):
        return _WORDS.get(str(value).strip().lower())
    return None

"""The values that an operation starts with, and its container with them filled in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec
from pydantic import JsonValue

from polyflow_services.planner.state import HeadRow
from polyflow_shared.language.validation import broken
from polyflow_shared.language.values import ValueTypeError, coerce
from polyflow_topics.message import Values
from polyflow_topics.plan import Container, PlannedOperation, PlannedParam
from polyflow_topics.pods import PodParts

OutputsOf = Callable[[int], Values | None]
"""Outputs of an operation by its number; None if it has none."""


class ParamError(Exception):
    """A param has no value, or an unfit one; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What an operation is launched with."""

    container: Container
    params: Values
    parts: PodParts | None = None


def fill(planned: PlannedOperation, outputs: OutputsOf, context: Mapping[str, JsonValue]) -> Filled:
    """Return an operation's container and params with all values in place.

    Args:
        planned: what the plan says of the operation.
        outputs: how to find the outputs of its upstreams.
        context: the globals, by name.

    Raises:
        ParamError: a value is missing, has the wrong type, or a template cannot be rendered.
    """
    values = {param.name: _value(param, outputs) for param in planned.params}
    container, parts = _rendered(planned, values, context)
    taken = parts.env if parts else {}
    variables = {
        param.env: _text(values[param.name])
        for param in planned.params
        if param.env and param.env not in taken
    }
    if variables:
        container = container.model_copy(update={"env": {**variables, **container.env}})
    return Filled(container, values, parts)


def context_of(head: HeadRow, run: str, name: str) -> dict[str, JsonValue]:
    """Return the globals that templates may use, by name."""
    return {
        "uuid": run,
        "name": name,
        "owner_name": head.owner,
        "project_name": head.project,
        "project_unique_name": f"{head.owner}.{head.project}",
        "run_info": f"{head.owner}.{head.project}.runs.{run}",
        "created_at": head.created.isoformat(),
    }


def _value(param: PlannedParam, outputs: OutputsOf) -> JsonValue:
    if param.source is None:
        return param.value
    found = outputs(param.source.operation)
    if param.source.output == "":
        return found or {}
    if found is None or param.source.output not in found:
        return _absent(param, found)
    where = f"param {param.name!r} from output {param.source.output!r}"
    try:
        value = coerce(param.kind, found[param.source.output])
    except ValueTypeError as error:
        raise ParamError(f"{where}: {error}") from error
    if param.rules and (problem := next(broken(param.rules, value), None)):
        raise ParamError(f"{where}: {problem}")
    return value


def _absent(param: PlannedParam, found: Values | None) -> JsonValue:
    if not param.required:
        return param.value
    wanted = param.source.output if param.source else ""
    has = f"it has {', '.join(sorted(found))}" if found else "it has none"
    raise ParamError(f"param {param.name!r}: the upstream operation has no output {wanted!r} ({has})")


def _rendered(
    planned: PlannedOperation, values: Values, context: Mapping[str, JsonValue]
) -> tuple[Container, PodParts | None]:
    container, parts = planned.container or Container(), planned.parts
    if not planned.templated:
        return container, parts
    # Jinja takes 50 ms to import, which a pipeline without templates need not wait for.
    from polyflow_shared.language.templates import (  # noqa: PLC0415
        RenderedParam,
        TemplateError,
        render_container,
    )

    params = {
        param.name: RenderedParam(
            value=values[param.name], kind=param.kind, flag=param.flag, arg_format=param.arg_format
        )
        for param in planned.params
    }
    try:
        container = render_container(container, params, context)
        if parts is not None:
            from polyflow_shared.language.pod_templates import render_parts  # noqa: PLC0415 (reads a table)

            parts = render_parts(parts, params, context)
    except TemplateError as error:
        raise ParamError(str(error)) from error
    return container, parts


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()

"""The values that an operation starts with, and its container with them filled in."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from pydantic import JsonValue

from polyflow_services.planner.rows.state import HeadRow
from polyflow_services.planner.values import artifacts
from polyflow_shared.language.expressions.names import RenderedParam
from polyflow_shared.language.values.typed import ValueTypeError, coerce
from polyflow_shared.language.values.validation import broken
from polyflow_shared.variables import escaped
from polyflow_topics.message import Values
from polyflow_topics.names import project_id
from polyflow_topics.plan import Container, OutputOf, PlannedOperation, PlannedParam
from polyflow_topics.pods import ALL_ARTIFACTS, ARTIFACTS, PodParts
from polyflow_topics.status import Status


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a param's value comes from: an operation, how it stands, and what is read of it, if there is any.

    Attributes:
        name: the operation's.
        status: how it stands.
        outputs: its outputs, or what else the source is of: inputs, globals.
    """

    name: str
    status: Status
    outputs: Values | None


UpstreamOf = Callable[[OutputOf], Upstream]
"""What a param reads from."""


class ParamError(Exception):
    """A param has no value, or an unfit one; the message is for the user."""


class UpstreamSkippedError(ParamError):
    """A param needs an output of an operation that was skipped; the message is for the user."""


class Filled(msgspec.Struct, frozen=True):
    """What an operation is launched with."""

    container: Container
    params: Values
    parts: PodParts | None = None


def fill(planned: PlannedOperation, upstream: UpstreamOf, context: Mapping[str, JsonValue]) -> Filled:
    """Return an operation's container and params with all values in place.

    Args:
        planned: what the plan says of the operation.
        upstream: how to find what its params come from.
        context: the globals, by name.

    Raises:
        UpstreamSkippedError: a needed value would come from an operation that was skipped.
        ParamError: a value is missing, has the wrong type, or a template cannot be rendered.
    """
    values = values_of(planned.params, upstream)
    read = {
        param.name: upstream(param.source).name
        for param in planned.params
        if param.source is not None and param.source.of == ARTIFACTS
    }
    marked = {
        param.name: artifacts.marked(planned, param, values[param.name], read.get(param.name))
        for param in planned.params
    }
    container, parts = _rendered(planned, marked, context)
    if not planned.params:
        return Filled(container, values, parts)
    taken = parts.env if parts else {}
    variables = {
        param.env: escaped(_text(marked[param.name]))
        for param in planned.params
        if param.env and param.env not in taken
    }
    if variables:
        container = container.model_copy(update={"env": {**variables, **container.env}})
    return Filled(container, values, artifacts.with_artifacts(parts, planned, values, read))


def values_of(params: Iterable[PlannedParam], upstream: UpstreamOf) -> Values:
    """Return the values of params by their names.

    Raises:
        UpstreamSkippedError: a needed one would come from an operation that was skipped.
        ParamError: a value is missing or has the wrong type.
    """
    return {param.name: _value(param, upstream) for param in params}


def context_of(head: HeadRow, run: str, name: str, namespace: str = "") -> dict[str, JsonValue]:
    """Return the globals that templates may use, by name.

    Args:
        head: what the request said of itself.
        run: its id.
        name: what `globals.name` stands for.
        namespace: where the operation runs, if it says so itself.
    """
    return {
        **_UNKNOWN,
        "uuid": run,
        "name": name,
        "owner_name": head.owner,
        "project_name": head.project,
        "project_unique_name": f"{head.owner}.{head.project}",
        "run_info": f"{head.owner}.{head.project}.runs.{run}",
        "project_uuid": project_id(head.owner, head.project),
        "username": head.owner,
        "user_email": "",
        "namespace": namespace,
        "created_at": head.created.isoformat(),
        "compiled_at": head.created.isoformat(),
        "is_independent": head.kind in {"job", "service"},
        **_origin(head.origin),
    }


def _origin(said: str) -> dict[str, JsonValue]:
    """Return the globals about the run that a run comes from, given what its head says of that."""
    if not said:
        return {}
    origin = msgspec.json.decode(said)
    return {"cloning_kind": origin["kind"], "original_uuid": origin["run"]}


_UNKNOWN: Final[Mapping[str, JsonValue]] = dict.fromkeys(
    ("iteration", "schedule_at", "started_at", "finished_at", "duration", "cloning_kind", "original_uuid")
)
"""Globals that an operation has no value for before it starts: null, so that conditions can ask for them."""


def _value(param: PlannedParam, upstream: UpstreamOf) -> JsonValue:
    if param.source is None:
        return param.value
    source, wanted = upstream(param.source), param.source.output
    found = source.outputs or {}
    if wanted == "" and source.status is not Status.SKIPPED:
        return found
    if wanted not in found:
        return _absent(param, source)
    return fitting(param, found[wanted], of=_entry(param.source))


def fitting(param: PlannedParam, value: JsonValue, *, of: str) -> JsonValue:
    """Return a value as the type of a param has it; what a list lacks (null) is left so.

    Args:
        param: what the value is for.
        value: as it was read.
        of: where, for the message.

    Raises:
        ParamError: the type, or a rule of the param's, does not take it.
    """
    where = f"param {param.name!r} from {of}"
    value = artifacts.as_type(param.kind, value)
    try:
        value = _coerced(param.kind, value)
    except ValueTypeError as error:
        raise ParamError(f"{where}: {error}") from error
    if param.rules and (problem := next(broken(param.rules, value), None)):
        raise ParamError(f"{where}: {problem}")
    return value


def _coerced(kind: str | None, value: JsonValue) -> JsonValue:
    if not isinstance(value, list) or None not in value:
        return coerce(kind, value)
    there = coerce(kind, [item for item in value if item is not None])
    items = iter(there if isinstance(there, list) else ())
    return [None if item is None else next(items) for item in value]


def _entry(source: OutputOf) -> str:
    if source.files or source.output == ALL_ARTIFACTS:
        return f"the {ARTIFACTS}"
    if not source.output:
        return "the inputs and outputs" if source.of == "io" else f"the {source.of}"
    return f"{'global' if source.of == 'globals' else source.of.removesuffix('s')} {source.output!r}"


def _absent(param: PlannedParam, source: Upstream) -> JsonValue:
    wanted = param.source.output if param.source else ""
    if not param.required:
        return param.value if wanted else {}
    what = _entry(param.source) if param.source else ""
    if source.status is Status.SKIPPED:
        message = f"param {param.name!r} needs {what} of upstream {source.name!r}, which was skipped"
        raise UpstreamSkippedError(message)
    has = f"it has {', '.join(sorted(source.outputs))}" if source.outputs else "it has none"
    stands = "" if source.status is Status.SUCCEEDED else f"; it is {source.status}"
    whose = f"the upstream operation {source.name!r}"
    raise ParamError(f"param {param.name!r}: {whose} has no {what.removeprefix('the ')} ({has}{stands})")


def _rendered(
    planned: PlannedOperation, values: Values, context: Mapping[str, JsonValue]
) -> tuple[Container, PodParts | None]:
    container, parts = planned.container or Container(), planned.parts
    if not planned.templated:
        return container, parts
    # Jinja takes 50 ms to import, which a pipeline without templates need not wait for.
    from polyflow_shared.language.expressions.templates import (  # noqa: PLC0415
        TemplateError,
        names_in_pod,
        render_container,
    )

    names = names_in_pod(rendered_params(planned.params, values), context, planned.connections)
    try:
        container = render_container(container, names)
        if parts is not None:
            from polyflow_shared.language.expressions.pods import render_parts  # noqa: PLC0415 (reads a table)

            parts = render_parts(parts, names)
    except TemplateError as error:
        raise ParamError(str(error)) from error
    return container, parts


def rendered_params(params: Iterable[PlannedParam], values: Values) -> dict[str, RenderedParam]:
    """Return params as templates see them, by their names."""
    return {
        param.name: RenderedParam(
            value=values[param.name], kind=param.kind, flag=param.flag, arg_format=param.arg_format
        )
        for param in params
    }


def _text(value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    # msgspec encodes no marks.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

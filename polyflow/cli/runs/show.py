"""`polyflow show`: all that is known of a run."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

import click

from polyflow.cli.terminal.options import format_option, history, run_argument
from polyflow.cli.terminal.problems import lines as problem_lines
from polyflow.cli.terminal.text import LINE_WIDTH, clock_time, run_span, span, stands, table, value, why
from polyflow.events.hooks import HookView, hooks_of, shown_json
from polyflow_shared.clock import SystemClock
from polyflow_shared.read_model.views import OperationView, RunView, StatusChange
from polyflow_topics.origins import Origin


@click.command()
@run_argument
@click.option(
    "--history", "with_history", is_flag=True, help="Every status of every operation, with its time."
)
@format_option
def show(run: str, with_history: bool, form: str) -> None:
    """Show a run: operations, statuses with times and reasons, params, outputs."""
    with history() as found:
        view = found.view(found.find(run))
        hooks = [hook for hook in hooks_of(found, view.id) if hook.run]
    if form == "json":
        click.echo(json.dumps(shown_json(view, hooks), indent=2))
        return
    for line in text_lines(view, with_history=with_history, hooks=hooks):
        click.echo(line)


def text_lines(view: RunView, *, with_history: bool, hooks: Sequence[HookView] = ()) -> Iterator[str]:
    """Yield a run as text, with the runs of its hooks."""
    yield f"{view.name or 'run'}  {view.id}"
    yield f"  status    {_status(stands(view), view.reason, view.message)}"
    yield f"  project   {view.project}    owner {view.owner}{_tags(view)}"
    took = run_span(view)
    yield f"  created   {clock_time(view.created_at)}" + (f"    time {took}" if took else "")
    if view.origin is not None:
        yield f"  origin    {_origin(view.origin)}"
    if view.description:
        yield f"  about     {' '.join(view.description.split())}"
    if view.params:
        yield f"  params    {value(view.params)}"
    for problem in view.problems:
        yield from problem_lines(problem, file="", source="")
    yield from _history(view.statuses, whole=with_history)
    if view.operations:
        yield ""
        yield from _operations(view)
    if hooks:
        yield ""
        yield from _hooks(hooks)
    yield from _values(view)
    if with_history:
        yield from _histories(view)


def _origin(origin: Origin) -> str:
    if origin.kind == "resume":
        return "resumed"
    where = {"rerun": f" from {origin.operation} on", "hook": f" of {origin.operation}"}
    return f"{origin.kind} of run {origin.run}{where.get(origin.kind, '') if origin.operation else ''}"


def _tags(view: RunView) -> str:
    return f"    tags {', '.join(view.tags)}" if view.tags else ""


def _status(status: str, reason: str, message: str) -> str:
    because = why(reason, message)
    return f"{status} ({because})" if because else status


_SPEAKS_FOR_ITSELF = frozenset({"succeeded", "running", "stopped"})
"""Statuses that need no message."""


def _operations(view: RunView) -> Iterator[str]:
    now = None if view.final else SystemClock().now()
    header = ("OPERATION", "STATUS", "ATTEMPTS", "STARTED", "TIME", "REASON")
    yield from table(header, [_line(operation, now) for operation in view.operations.values()])
    for operation in view.operations.values():
        if operation.message and operation.status not in _SPEAKS_FOR_ITSELF:
            yield ""
            yield f"{operation.name}: {operation.message}"


def _line(operation: OperationView, now: datetime | None) -> tuple[str, ...]:
    depth = operation.name.count(".")
    return (
        "  " * depth + operation.name,
        stands(operation),
        str(operation.attempts),
        clock_time(operation.started_at),
        span(operation.started_at, operation.finished_at, now=now),
        operation.reason,
    )


def _hooks(hooks: Sequence[HookView]) -> Iterator[str]:
    header = ("HOOK", "OF", "RUN", "STATUS", "REASON")
    yield from table(
        header, [(one.label, one.operation, str(one.run), one.status, one.reason) for one in hooks]
    )


def _values(view: RunView) -> Iterator[str]:
    for operation in view.operations.values():
        for title, values in (("params", operation.params), ("outputs", operation.outputs)):
            if values:
                yield ""
                yield f"{title} of {operation.name}"
                yield from (f"  {name} = {value(one)}" for name, one in values.items())


def _histories(view: RunView) -> Iterator[str]:
    for operation in view.operations.values():
        yield ""
        yield operation.name
        yield from _history(operation.statuses, whole=True)


def _history(statuses: tuple[StatusChange, ...], *, whole: bool) -> Iterator[str]:
    for change in statuses:
        # What is said last may be the cause.
        width = max(1, len(change.message)) if whole else LINE_WIDTH
        because = why(change.reason, change.message, width=width)
        attempt = f" (attempt {change.attempt})" if change.attempt else ""
        yield (
            f"  {change.at.astimezone():%H:%M:%S.%f}"[:-3] + f"  {change.status}{attempt}  {because}".rstrip()
        )

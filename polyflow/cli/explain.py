"""`polyflow explain`: what a run or operation waits for, by the planner, or why it ended, by its events."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

import click

from polyflow.asking import ask_here, ask_on_kafka, new_id
from polyflow.cli.options import history, kafka_option, run_argument
from polyflow.cli.problems import lines as problem_lines
from polyflow.cli.text import hook_line, why
from polyflow.history import operation_of
from polyflow.hooks import HookView, hooks_of
from polyflow_shared.control import EngineGoneError
from polyflow_shared.home import RunFolder
from polyflow_shared.read_model.views import INTERRUPTED, OperationView, RunView, StatusChange
from polyflow_topics.names import OperationName, RunId
from polyflow_topics.operating import ExplainPipeline

SHOWN: Final = 20
"""Hooks that are told of."""
_WELL = frozenset({"succeeded", "created"})
"""Statuses that explain nothing of how a run has ended."""


@click.command()
@run_argument
@click.argument("operation", required=False, default="", metavar="[OPERATION]")
@kafka_option
def explain(run: str, operation: str, kafka: str | None) -> None:
    """Say why a run, or an operation of it, is not running, or why it ended as it did.

    What goes on is asked of the planner, which says what it waits for at this moment; what has ended is told
    by its recorded events. Of an OPERATION its statuses so far are told as well.
    """
    if kafka:
        answer = asyncio.run(ask_on_kafka(_request(RunId(run), operation), kafka))
        click.echo(answer.message if answer else f"{run}: there is no answer yet")
        return
    with history() as found:
        view = found.view(found.find(run))
        folder = found.engine(view.id)
        hooks = [*hooks_of(found, view.id)]
    for line in (*_lines(view, folder, operation), *_of_hooks(hooks, operation)):
        click.echo(line)


def _request(run: RunId, operation: str) -> ExplainPipeline:
    return ExplainPipeline(run=run, request=new_id(), operation=OperationName(operation))


def _lines(view: RunView, folder: RunFolder, name: str) -> Iterator[str]:
    operation = operation_of(view, name) if name else None
    over = view.final or view.status == INTERRUPTED or (operation is not None and operation.final)
    told = None if over else _asked(view.id, folder, name)
    if operation is None:
        yield from told if told is not None else _of_run(view)
    else:
        yield from told if told is not None else _of_operation(operation)
        yield from map(_change, operation.statuses)
        yield from _upstreams(view, operation)


def _asked(run: RunId, folder: RunFolder, operation: str) -> list[str] | None:
    """Return what the planner says; None where the engine has ended meanwhile, or does not answer."""
    try:
        answer = asyncio.run(ask_here(_request(run, operation), folder.socket))
    except EngineGoneError:
        return None
    return answer.message.splitlines() if answer else None


def _of_run(view: RunView) -> Iterator[str]:
    yield from _ending("the run", view.status, view.reason, view.message)
    for problem in view.problems:
        yield from problem_lines(problem, file="", source="")
    for operation in view.operations.values():
        if operation.status not in _WELL and not operation.dag:
            because = ": ".join(part for part in (operation.reason, operation.message) if part)
            yield f"{operation.name} {operation.status}{f': {because}' if because else ''}"


def _of_operation(operation: OperationView) -> Iterator[str]:
    yield from _ending(operation.name, operation.status, operation.reason, operation.message)


def _ending(name: str, status: str, reason: str, message: str) -> Iterator[str]:
    because = ": ".join(part for part in (reason, message) if part)
    yield f"{name} {status}{f': {because}' if because else ''}"


def _change(change: StatusChange) -> str:
    attempt = f" (attempt {change.attempt})" if change.attempt else ""
    because = why(change.reason, change.message)
    return f"  {change.at.astimezone():%H:%M:%S}  {change.status}{attempt}  {because}".rstrip()


def _of_hooks(hooks: Sequence[HookView], operation: str) -> Iterator[str]:
    """Yield what became of the hooks of an operation, or of all of a run."""
    told = [hook for hook in hooks if not operation or hook.operation == operation]
    for hook in told[:SHOWN]:
        yield hook_line(hook, _became(hook), see=hook.refused, whose=not operation)
    if len(told) > SHOWN:
        yield f"and {len(told) - SHOWN} more hooks"


def _became(hook: HookView) -> str:
    if hook.run is not None:
        return f"is run {hook.run}, {hook.status}"
    return "was refused" if hook.refused else "was not asked for"


def _upstreams(view: RunView, operation: OperationView) -> Iterator[str]:
    for name in operation.upstreams:
        upstream = view.operations[name]
        because = why(upstream.reason, upstream.message)
        yield f"  upstream {name}: {upstream.status}{f'  {because}' if because else ''}"

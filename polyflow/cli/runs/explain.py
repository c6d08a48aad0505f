"""`polyflow explain`: what a run or operation waits for, by the planner, or why it ended, by its events."""

import asyncio
from collections.abc import Iterator
from typing import Final

import click

from polyflow.cli.terminal.options import history, kafka_option, run_argument, services
from polyflow.cli.terminal.problems import lines as problem_lines
from polyflow.cli.terminal.text import hook_line, why
from polyflow.events.hooks import HookView
from polyflow.known import explaining
from polyflow.known.explaining import Explanation
from polyflow.known.heard import source_of
from polyflow.known.sources import Source
from polyflow_shared.read_model.views import REJECTED, OperationView, RunView, StatusChange

SHOWN: Final = 20
"""Hooks that are told of."""
NO_ANSWER: Final = "the planner has not answered; this is what the events say"
EVENTS_GONE: Final = "the broker has removed the run's first events: where the projector runs more is known"


@click.command()
@run_argument
@click.argument("operation", required=False, default="", metavar="[OPERATION]")
@kafka_option
def explain(run: str, operation: str, kafka: str | None) -> None:
    """Say why a run, or an operation of it, is not running, or why it ended as it did.

    What goes on is asked of the planner, which says what it waits for at this moment; what has ended is told
    by its recorded events. Of an OPERATION its statuses so far are told as well.

    With --kafka RUN is the whole id, unless the projector runs on this machine.
    """
    for line in asyncio.run(_explained(run, operation, kafka)):
        click.echo(line)


async def _explained(run: str, operation: str, kafka: str | None) -> list[str]:
    with history() as found:
        async with services(kafka) as runs:
            return await explained(source_of(found, runs), run, operation)


async def explained(source: Source, run: str, name: str) -> list[str]:
    """Return why a run, or an operation of it, stands as it does, as text; raises what `explain` does."""
    return [*_lines(await explaining.explain(source, run, name), source)]


def _lines(told: Explanation, source: Source) -> Iterator[str]:
    operation = told.operation
    if told.goes_on and not told.said:
        yield NO_ANSWER
    yield from told.said or _by_events(told)
    if operation is not None:
        yield from map(_change, operation.statuses)
        yield from map(_upstream, told.decisive)
    if not told.whole:
        yield EVENTS_GONE
    yield from _of_hooks(told, source)


def _by_events(told: Explanation) -> Iterator[str]:
    if told.operation is not None:
        yield _standing(told.operation.name, told.operation)
    elif told.view is not None:
        yield _standing("the run", told.view)
        for problem in told.view.problems:
            yield from problem_lines(problem, file="", source="")
        for one in told.decisive:
            yield _standing(one.name, one)


def _standing(name: str, view: RunView | OperationView) -> str:
    because = ": ".join(part for part in (view.reason, view.message) if part)
    return f"{name} {view.status}{f': {because}' if because else ''}"


def _change(change: StatusChange) -> str:
    attempt = f" (attempt {change.attempt})" if change.attempt else ""
    because = why(change.reason, change.message)
    return f"  {change.at.astimezone():%H:%M:%S}  {change.status}{attempt}  {because}".rstrip()


def _upstream(upstream: OperationView) -> str:
    because = why(upstream.reason, upstream.message)
    return f"  upstream {upstream.name}: {upstream.status}{f'  {because}' if because else ''}"


def _of_hooks(told: Explanation, source: Source) -> Iterator[str]:
    """Yield what became of the hooks of an operation, or of all of a run."""
    for hook in told.hooks[:SHOWN]:
        see = source.command(hook.run) if hook.run and hook.status == REJECTED else ""
        line = hook_line(hook, _became(hook), see=see, whose=not told.name)
        resumed = told.view is not None and hook.generation < told.view.generation
        yield f"{line} (before the run was resumed)" if resumed else line
    if len(told.hooks) > SHOWN:
        yield f"and {len(told.hooks) - SHOWN} more hooks"


def _became(hook: HookView) -> str:
    if hook.status == REJECTED:
        return "was refused"
    return "was not asked for" if hook.run is None else f"is run {hook.run}, {hook.status}"

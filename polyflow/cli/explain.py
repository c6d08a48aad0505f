"""`polyflow explain`: what a run or operation waits for, by the planner, or why it ended, by its events."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

import click

from polyflow.asking import HasEndedError
from polyflow.cli.options import history, kafka_option, run_argument
from polyflow.cli.problems import lines as problem_lines
from polyflow.cli.text import hook_line, why
from polyflow.history import UnknownRunError, operation_of
from polyflow.hooks import HookView
from polyflow.ids import new_id
from polyflow.known import Here, Known, Source
from polyflow_shared.control import EngineGoneError
from polyflow_shared.read_model.views import INTERRUPTED, REJECTED, OperationView, RunView, StatusChange
from polyflow_topics.events import RequestAnswered
from polyflow_topics.names import OperationName, RunId
from polyflow_topics.operating import ExplainPipeline

SHOWN: Final = 20
"""Hooks that are told of."""
NO_ANSWER: Final = "the planner has not answered; this is what the events say"
EVENTS_GONE: Final = "the broker has removed the run's first events: where the projector runs more is known"
_EXPLAINED: Final = "Explained"
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

    With --kafka RUN is the whole id, unless the projector runs on this machine.
    """
    for line in asyncio.run(_explained(run, operation, kafka)):
        click.echo(line)


async def _explained(run: str, operation: str, kafka: str | None) -> list[str]:
    with history() as found:
        if not kafka:
            return await explained(Here(found), run, operation)
        from polyflow.heard import OnKafka  # noqa: PLC0415 - Kafka's client takes 90 ms to import
        from polyflow.kafka import runs_on  # noqa: PLC0415

        async with runs_on(kafka) as runs:
            return await explained(OnKafka(runs, found, kafka), run, operation)


async def explained(source: Source, run: str, name: str) -> list[str]:
    """Return why a run, or an operation of it, stands as it does.

    Args:
        source: where the run is known.
        run: the run.
        name: of the operation; empty for the run.

    Raises:
        UnknownRunError: nothing is known of the run.
        UnknownOperationError: it has no such operation.
        RefusedError: the planner knows no such operation.
    """
    known = await source.known(run)
    identity = RunId(run) if known is None else known.view.id
    told: list[str] | None = None
    if known is None or not _is_over(known, name):
        try:
            told = _told(await source.ask(_request(identity, name)), known, name)
        except (EngineGoneError, HasEndedError):
            known = await source.known(identity, again=True)
    if known is not None:
        return [*_lines(known, told, name), *_of_hooks(source, known.hooks, name)]
    if told is not None:
        return [*told, EVENTS_GONE]
    raise UnknownRunError(f"there are no events of a run {run!r} (any more, or yet); give its whole id")


def _request(run: RunId, operation: str) -> ExplainPipeline:
    return ExplainPipeline(run=run, request=new_id(), operation=OperationName(operation))


def _is_over(known: Known, name: str) -> bool:
    """Tell whether there is nothing to ask: the run, or this operation of it, has ended.

    Raises:
        UnknownOperationError: the run has no such operation.
    """
    operation = _operation(known, name) if name else None
    over = known.view.final or known.view.status == INTERRUPTED
    return over or (operation is not None and operation.final)


def _operation(known: Known, name: str) -> OperationView | None:
    """Return an operation; None where the event is gone that named it.

    Raises:
        UnknownOperationError: the run has no such operation.
    """
    seen = known.whole or OperationName(name) in known.view.operations
    return operation_of(known.view, name) if seen else None


def _told(answer: RequestAnswered | None, known: Known | None, name: str) -> list[str] | None:
    """Return what the planner says; None where neither it nor anybody else knows the run."""
    if answer is not None and (known is not None or answer.reason == _EXPLAINED):
        return answer.message.splitlines()
    return None if known is None else [NO_ANSWER, *_by_events(known, name)]


def _lines(known: Known, told: list[str] | None, name: str) -> Iterator[str]:
    yield from _by_events(known, name) if told is None else told
    operation = _operation(known, name) if name else None
    if operation is not None:
        yield from map(_change, operation.statuses)
        yield from _upstreams(known.view, operation)
    if not known.whole:
        yield EVENTS_GONE


def _by_events(known: Known, name: str) -> Iterator[str]:
    operation = _operation(known, name) if name else None
    return _of_run(known.view) if operation is None else _of_operation(operation)


def _of_run(view: RunView) -> Iterator[str]:
    yield from _ending("the run", view.status, view.reason, view.message)
    for problem in view.problems:
        yield from problem_lines(problem, file="", source="")
    for operation in view.operations.values():
        if operation.status not in _WELL and not operation.ended_by_members:
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


def _of_hooks(source: Source, hooks: Sequence[HookView], operation: str) -> Iterator[str]:
    """Yield what became of the hooks of an operation, or of all of a run."""
    told = [hook for hook in hooks if not operation or hook.operation == operation]
    for hook in told[:SHOWN]:
        see = source.command(hook.run) if hook.run and hook.status == REJECTED else ""
        yield hook_line(hook, _became(hook), see=see, whose=not operation)
    if len(told) > SHOWN:
        yield f"and {len(told) - SHOWN} more hooks"


def _became(hook: HookView) -> str:
    if hook.status == REJECTED:
        return "was refused"
    return "was not asked for" if hook.run is None else f"is run {hook.run}, {hook.status}"


def _upstreams(view: RunView, operation: OperationView) -> Iterator[str]:
    for name in operation.upstreams:
        upstream = view.operations[name]
        because = why(upstream.reason, upstream.message)
        yield f"  upstream {name}: {upstream.status}{f'  {because}' if because else ''}"

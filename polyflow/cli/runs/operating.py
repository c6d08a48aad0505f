"""Commands for a run that goes on in another terminal, or on Kafka: stop, skip, approve, pause, set."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import click

from polyflow.again.interrupted import CutShort, as_it_is, cut_short
from polyflow.cli.terminal.options import history, kafka_option, run_argument
from polyflow.requests.ids import new_id
from polyflow.running.asking import NotRunningError, ask_here, ask_on_kafka, command_of, going_on
from polyflow_shared.machine.home import RunFolder, home
from polyflow_topics.names import OperationName, RunId, reason_of
from polyflow_topics.operating import (
    ApprovePipeline,
    LimitPipeline,
    PausePipeline,
    RunRequest,
    SkipPipeline,
    UnpausePipeline,
)
from polyflow_topics.requests import StopPipeline
from polyflow_topics.status import Status

F = TypeVar("F", bound=Callable[..., Any])


class _Reason(click.ParamType):
    """A word that a run's history keeps."""

    name = "WORD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word.

        Raises:
            click.BadParameter: it is none that a request may have.
        """
        try:
            return reason_of(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _operation_argument(command: F) -> F:
    return click.argument("operation", required=False, default="", metavar="[OPERATION]")(command)


def _reason_option(default: str) -> Callable[[F], F]:
    return click.option(
        "--reason",
        type=_Reason(),
        default=default,
        show_default=True,
        help="A word in CamelCase, kept in the run's history.",
    )


@click.command()
@run_argument
@_operation_argument
@_reason_option("Stopped")
@kafka_option
def stop(run: str, operation: str, reason: str, kafka: str | None) -> None:
    """Stop a run, or one operation: what is going on is ended, what has not started is not begun."""
    message = "asked by polyflow stop"
    if not (kafka or operation) and (found := _cut_short(run)) is not None:
        _take_up_to_stop(found, (reason, message))
        return
    _ask(
        run,
        kafka,
        lambda one: StopPipeline(
            run=one, request=new_id(), operation=OperationName(operation), reason=reason, message=message
        ),
    )


@click.command()
@run_argument
@_operation_argument
@_reason_option("Skipped")
@kafka_option
def skip(run: str, operation: str, reason: str, kafka: str | None) -> None:
    """Leave out an operation that has not started, or what has not started of a DAG or a run.

    What waits for it goes on as if it had succeeded. Of a DAG that goes on, what runs is stopped.
    """
    message = "asked by polyflow skip"
    _ask(
        run,
        kafka,
        lambda one: SkipPipeline(
            run=one, request=new_id(), operation=OperationName(operation), reason=reason, message=message
        ),
    )


@click.command()
@run_argument
@_operation_argument
@kafka_option
def approve(run: str, operation: str, kafka: str | None) -> None:
    """Approve a run, or an operation of it, that has `isApproved: false`.

    It may be approved before its turn has come; it starts no sooner for that.
    """
    name = OperationName(operation)
    _ask(run, kafka, lambda one: ApprovePipeline(run=one, request=new_id(), operation=name))


@click.command()
@run_argument
@kafka_option
def pause(run: str, kafka: str | None) -> None:
    """Launch nothing more of a run; what runs goes on."""
    _ask(run, kafka, lambda one: PausePipeline(run=one, request=new_id()))


@click.command()
@run_argument
@kafka_option
def unpause(run: str, kafka: str | None) -> None:
    """Go on with a paused run."""
    _ask(run, kafka, lambda one: UnpausePipeline(run=one, request=new_id()))


@click.command("set")
@run_argument
@click.argument("scope", required=False, default="", metavar="[SCOPE]")
@click.option("--concurrency", required=True, metavar="N|none", help="How many; `none` for any number.")
@kafka_option
def set_limits(run: str, scope: str, concurrency: str, kafka: str | None) -> None:
    """Change how many operations of a run, or of a DAG or matrix in it, are active at once.

    What is active goes on, also where it is more than that.
    """
    limit = _limit(concurrency)
    name = OperationName(scope)
    _ask(run, kafka, lambda one: LimitPipeline(run=one, request=new_id(), operation=name, concurrency=limit))


def _cut_short(run: str) -> CutShort | None:
    with history() as known:
        return cut_short(known, run)


def _take_up_to_stop(found: CutShort, why: tuple[str, str]) -> None:
    """Go on with a run whose engine was killed, for long enough to end what it has left behind.

    Raises:
        NotRunningError: it was not stopped: it had ended before, or could not be followed to its end.
    """
    from polyflow.cli.starting.run import follow_run  # noqa: PLC0415 - the engine takes 100 ms to import

    order = replace(as_it_is(home(os.environ), found.engine), stop=why)
    asyncio.run(follow_run(found.goes_on, order, None, form="text", quiet=True, file=None))
    with history() as known:
        view = known.view(found.goes_on)
    if view.status != Status.STOPPED:
        raise NotRunningError(f"the run {view.id} was taken up, and is not stopped: it is {view.status}")
    click.echo(f"{view.id}: it was interrupted; it is taken up and stopped, with what it had left behind")


def _limit(text: str) -> int | None:
    if text == "none":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise click.BadParameter(
            f"{text!r} is neither a number from 1 on nor `none`; to launch nothing, pause the run",
            param_hint="--concurrency",
        )
    return int(text)


def _ask(run: str, kafka: str | None, make: Callable[[RunId], RunRequest]) -> None:
    """Ask, and print what became of it.

    Raises:
        NotRunningError: the run is over, or its engine is gone.
        RefusedError: it means nothing as things stand.
    """
    if kafka:
        identity = RunId(run)
        message = make(identity)
        answer = asyncio.run(ask_on_kafka(message, kafka))
    else:
        identity, folder = running_here(run)
        message = make(identity)
        answer = asyncio.run(ask_here(message, folder.socket))
    if answer is None:
        click.echo(f"{identity}: asked to {command_of(message.kind())}; there is no answer yet")
    else:
        said = f"{command_of(answer.kind)} accepted"
        click.echo(": ".join(part for part in (identity, said, answer.message) if part))


def running_here(run: str) -> tuple[RunId, RunFolder]:
    """Return the id and the folder of a run that goes on, on this machine.

    Raises:
        NotRunningError: it does not.
    """
    with history() as found:
        identity = found.find(run)
        return identity, going_on(found, identity)

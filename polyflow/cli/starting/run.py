"""`polyflow run`: a run on this machine, followed to its end."""

import asyncio
import json
import os
import sys
from asyncio import TaskGroup, to_thread
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from polyflow.cli.starting.closing import closing_lines
from polyflow.cli.starting.elsewhere import begun_elsewhere, follow_elsewhere
from polyflow.cli.starting.ending import exit_status
from polyflow.cli.starting.ordering import ordered
from polyflow.cli.starting.watching import watcher_for
from polyflow.cli.terminal.lost import as_far_as_read, written_in
from polyflow.cli.terminal.options import (
    WORD,
    format_option,
    history,
    hub_option,
    kafka_option,
    layer_options,
    param_option,
    root_option,
    upload_option,
)
from polyflow.events.hooks import hooks_of, shown_json
from polyflow.events.progress import Progress, standing
from polyflow.requests.orders import Order, Request
from polyflow.requests.uploads import Upload, arrival
from polyflow.running.following import message_of
from polyflow.running.interrupts import Interrupts, on_signals
from polyflow.running.session import Session, running
from polyflow_services.embedded import RunTakenError
from polyflow_shared.errors import PolyflowError
from polyflow_shared.hosting.garbage import collect_rarely
from polyflow_shared.machine.home import home
from polyflow_shared.read_model.views import INTERRUPTED
from polyflow_topics.message import Message
from polyflow_topics.names import RunId

GONE: Final = (
    "polyflow: the history knows nothing of the run any more, so its outputs and why it ended so cannot be "
    "told; was $POLYFLOW_HOME removed meanwhile?"
)


class RunFailedError(PolyflowError):
    """The run cannot be followed."""


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("-pm", "--python-module", "module", metavar="FILE.py:NAME", help="A specification in Python.")
@param_option
@layer_options
@hub_option
@root_option
@upload_option
@click.option("--once", is_flag=True, help="Run it now, once, and leave its schedule aside.")
@click.option("--approved/--no-approved", default=None, help="Run it at once, or not before it is approved.")
@click.option("--ignore-template", is_flag=True, help="Run it though it is a template that is to be edited.")
@click.option("--name", type=WORD, help="What the run is called.")
@click.option("--project", type=WORD, default="default", show_default=True)
@click.option("--owner", type=WORD, default="default", show_default=True)
@click.option(
    "--tag",
    "tags",
    type=WORD,
    multiple=True,
    help="A tag beside those of the file; may be given several times.",
)
@click.option("--id", "request_id", type=WORD, help="The request's id: the same one twice is one run.")
@click.option("--quiet", is_flag=True, help="Print nothing while it runs.")
@kafka_option
@format_option
def run(
    file: Path | None, kafka: str | None, quiet: bool, form: str, uploads: tuple[Upload, ...], **about: Any
) -> None:
    """Run a pipeline file and follow it to its end.

    The exit status is 0 if the run succeeded, 2 if the request was rejected, else 130 after Ctrl-C, and 1 if
    the run failed or was stopped.

    What `urlRef` refers to is fetched; at private addresses only from the hosts in $POLYFLOW_PRIVATE_HOSTS.
    """
    order, shown = ordered(file, **about)
    order = replace(order, uploads=uploads)
    if kafka:
        from polyflow.cli.starting.remote import run_on_kafka  # noqa: PLC0415 - Kafka's client takes 90 ms to import

        sys.exit(run_on_kafka(order, kafka, file=shown, form=form, quiet=quiet))
    request = order.request()
    if (ended := _ended_already(request)) is not None:
        sys.exit(_close(ended, form=form, quiet=quiet, file=shown, interrupted=False))
    try:
        status = asyncio.run(follow_run(request.run, order, request, form=form, quiet=quiet, file=shown))
    except RunTakenError:
        if not begun_elsewhere(request):
            raise
        asyncio.run(follow_elsewhere(request, quiet=quiet or form == "json"))
        status = _close(_ended(request), form=form, quiet=quiet, file=shown, interrupted=False)
    sys.exit(status)


async def follow_run(
    run_id: RunId, order: Order, request: Request | None, *, form: str, quiet: bool, file: Path | None
) -> int:
    """Keep an engine for a run, show it to its end, and return the exit status.

    Args:
        run_id: the run.
        order: where it runs.
        request: what is submitted; None for a run that is taken up.
        form: how its end is printed.
        quiet: whether nothing is printed while it runs.
        file: what problems are shown with.
    """
    collect_rarely()
    at = home(os.environ)
    engine = order.engine or run_id
    progress = Progress(run_id, wanted=request.digest if request else "")
    before = progress.take(_events_of(run_id) if request is None else ())
    async with AsyncExitStack() as stack:
        stack.enter_context(written_in(at.run(engine).path))
        _log_to(at.run(engine).log)
        session = await stack.enter_async_context(
            running(at, engine, workdir=order.workdir, request=request, places=order.places)
        )
        if order.stop is not None:
            await session.stop(*order.stop)
        with watcher_for(quiet=quiet or form == "json") as watcher:

            async def stop(why: str) -> None:
                await session.stop("Stopped", why)

            interrupts = Interrupts(stop, session.kill, watcher.tell)
            on_signals(interrupts.interrupt)
            watcher.on_loss = interrupts.hang_up
            watcher.show(progress, standing(before))
            try:
                async with TaskGroup() as tasks:
                    bringing = tasks.create_task(_bring(session, order.uploads))
                    await session.follow(progress, watcher)
                    bringing.cancel()
            except ExceptionGroup as failed:
                # The first has ended the other.
                raise failed.exceptions[0] from failed
    return _close(progress, form=form, quiet=quiet, file=file, interrupted=bool(interrupts.count))


def _events_of(run: RunId) -> list[Message]:
    """Return what a run has said so far: one that is taken up says none of it again."""
    with history() as found:
        return [message_of(event) for event in found.events(run)]


async def _bring(session: Session, uploads: Sequence[Upload]) -> None:
    """Bring the files that the run waits for, while it is followed."""
    if uploads:
        arrived = await to_thread(arrival, session.run, uploads, session.folder.artifacts)
        await session.engine.publish(arrived)


def _ended_already(request: Request) -> Progress | None:
    """Return what became of this very request, if it has run before.

    Raises:
        RunFailedError: it was interrupted, or its id is that of an interrupted run of another body.
    """
    with history() as found:
        view = found.run(request.run)
    if view is None:
        return None
    if view.specification != request.digest:
        if view.status == INTERRUPTED:
            raise RunFailedError(
                f"the run {view.id} exists already, and its request had another body; choose a new id"
            )
        return None
    if view.status == INTERRUPTED:
        raise RunFailedError(f"this request was interrupted; it goes on with: polyflow resume {view.id}")
    return Progress(view.id, status=view.status) if view.final and not view.problems else None


def _ended(request: Request) -> Progress:
    """Return what became of a request that was followed to its end.

    Raises:
        RunFailedError: it was interrupted, or removed.
    """
    ended = _ended_already(request)
    if ended is None:
        raise RunFailedError(f"the run {request.run} is gone: the history has no end of it")
    return ended


def _close(progress: Progress, *, form: str, quiet: bool, file: Path | None, interrupted: bool) -> int:
    with history() as found:
        view = found.run(progress.run)
        folder = found.folder(progress.run)
        hooks = list(hooks_of(found, progress.run))
    with as_far_as_read():
        if view is None and progress.rejected is None:
            click.echo(GONE, err=True)
        elif view is not None and form == "json":
            click.echo(json.dumps(shown_json(view, hooks)))
        elif view is not None and not quiet and progress.rejected is None:
            for line in closing_lines(view, folder, hooks):
                click.echo(line)
    return exit_status(progress, file=file, interrupted=interrupted)


def _log_to(path: Path) -> None:
    from polyflow_shared.observing import logs  # noqa: PLC0415 - configured here and nowhere else

    path.parent.mkdir(parents=True, exist_ok=True)
    logs.configure("warning", "json", path.open("a", buffering=1))

"""`polyflow run --kafka`: publish a request, follow its run, end as a local run does."""

import asyncio
import json
import os
from asyncio import to_thread
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click

from polyflow.cli.closing import closing_lines
from polyflow.cli.ending import exit_status
from polyflow.cli.lost import as_far_as_read
from polyflow.cli.watching import watcher_for
from polyflow.hooks import HookView, hooks_of, shown_json
from polyflow.interrupts import Interrupts, on_signals
from polyflow.kafka import runs_on
from polyflow.progress import Progress
from polyflow.request import Order
from polyflow.uploads import arrival, store_of
from polyflow_services.projector.core import project
from polyflow_shared.home import home
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_shared.read_model.views import RunView


def run_on_kafka(order: Order, kafka: str, *, file: Path, form: str, quiet: bool) -> int:
    """Run an order on the services behind a broker; return the exit status."""
    return asyncio.run(_run(order, kafka, file=file, form=form, quiet=quiet))


async def _run(order: Order, kafka: str, *, file: Path, form: str, quiet: bool) -> int:
    request, chosen = order.request(), order.request_id is not None
    store = store_of(request.run, os.environ, remote=True) if order.uploads else None
    progress = Progress(request.run, wanted=request.digest)
    with closing(SqliteReadModel.open(Path(":memory:"))) as model:
        async with runs_on(kafka) as runs:
            # An id that the user has chosen may be that of a run that has begun, or ended, long ago.
            start = 0 if chosen else await runs.now(request.run)
            await runs.publish(request)
            if store is not None:
                await runs.tell(await to_thread(arrival, request.run, order.uploads, store))
            with watcher_for(quiet=quiet or form == "json") as watcher:

                async def stop(why: str = "Ctrl-C, twice") -> None:
                    await runs.stop(request.run, message=why)

                interrupts = Interrupts(stop, stop, watcher.tell)
                on_signals(interrupts)
                watcher.on_loss = interrupts.hang_up
                async for events in runs.follow(request.run, start=start):
                    model.apply(project(events))
                    progress.refuse(events)
                    watcher.show(progress, progress.take(events))
                    if progress.over:
                        break
        view = model.run(request.run)
        hooks = list(hooks_of(model, request.run))
    if view is not None:
        with as_far_as_read():
            _tell(view, hooks, form=form, quiet=quiet)
    return exit_status(progress, file=file, interrupted=bool(interrupts.count))


def _tell(view: RunView, hooks: Sequence[HookView], *, form: str, quiet: bool) -> None:
    """Print the end of a run; of its hooks only what its own events say, for their runs end later."""
    if form == "json":
        click.echo(json.dumps(shown_json(view, hooks)))
    elif not quiet and not view.problems:
        # A process cluster on this machine, with the same home, leaves everything here.
        folder = home(os.environ).run(view.id)
        for line in closing_lines(view, folder if folder.path.exists() else None, hooks):
            click.echo(line)

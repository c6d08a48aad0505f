"""`polyflow run --kafka`: publish a request, follow its run, end as a local run does."""

import asyncio
import json
import os
from asyncio import to_thread
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import click

from polyflow.cli.starting.closing import closing_lines
from polyflow.cli.starting.ending import exit_status
from polyflow.cli.starting.watching import Outlet, watcher_for
from polyflow.cli.terminal.lost import as_far_as_read
from polyflow.events.hooks import HookView, hooks_of, open_hooks, shown_json
from polyflow.events.progress import Progress
from polyflow.known.heard import in_memory, take_in
from polyflow.requests.orders import Order
from polyflow.requests.uploads import arrival, store_of
from polyflow.running.interrupts import Interrupts, on_signals, until_signal
from polyflow.running.kafka import KafkaRuns, runs_on
from polyflow_shared.errors import BrokerUnavailableError
from polyflow_shared.machine.home import home
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_shared.read_model.views import RunView
from polyflow_topics.names import RunId

HOOKS_WITHIN: Final = 60.0
"""Seconds for which the runs of hooks are waited for.  They do without: the services go on with them."""
WAITING: Final = "waiting for the runs of its hooks; Ctrl-C leaves them alone"


def run_on_kafka(order: Order, kafka: str, *, file: Path, form: str, quiet: bool) -> int:
    """Run an order on the services behind a broker; return the exit status."""
    return asyncio.run(_run(order, kafka, file=file, form=form, quiet=quiet))


async def _run(order: Order, kafka: str, *, file: Path, form: str, quiet: bool) -> int:
    request, chosen = order.request(), order.request_id is not None
    store = store_of(request.run, os.environ, remote=True) if order.uploads else None
    progress = Progress(request.run, wanted=request.digest)
    with in_memory() as model:
        async with runs_on(kafka) as runs:
            # An id that the user has chosen may be that of a run that has begun, or ended, long ago.
            places = {} if chosen else await runs.everywhere()
            start = places.get(await runs.partition(request.run), 0)
            await runs.publish(request)
            if store is not None:
                await runs.tell(await to_thread(arrival, request.run, order.uploads, store))
            with watcher_for(quiet=quiet or form == "json") as watcher:
                interrupts = _interrupts(runs, request.run, watcher)
                async for events in runs.follow(request.run, start=start):
                    take_in(model, events)
                    progress.refuse(events)
                    watcher.show(progress, progress.take(events))
                    if progress.over:
                        break
                if not interrupts.count and (form == "json" or not quiet):
                    await _await_hooks(runs, model, request.run, places, watcher)
        view = model.run(request.run)
        hooks = list(hooks_of(model, request.run))
    if view is not None:
        with as_far_as_read():
            _tell(view, hooks, kafka, form=form, quiet=quiet)
    return exit_status(progress, file=file, interrupted=bool(interrupts.count))


def _interrupts(runs: KafkaRuns, run: RunId, watcher: Outlet) -> Interrupts:
    """Have the run stopped by what the user's terminal says."""

    async def stop(why: str = "Ctrl-C, twice") -> None:
        await runs.stop(run, message=why)

    interrupts = Interrupts(stop, stop, watcher.tell)
    on_signals(interrupts.interrupt)
    watcher.on_loss = interrupts.hang_up
    return interrupts


async def _await_hooks(
    runs: KafkaRuns, model: SqliteReadModel, run: RunId, places: Mapping[int, int], watcher: Outlet
) -> None:
    """Take in what becomes of the runs of a run's hooks, until they have ended, or for as long as it may."""

    async def hear(following: Sequence[RunId]) -> None:
        # How the run itself has ended is known, and is told though nothing more is heard.
        with suppress(BrokerUnavailableError):
            async for events in runs.until_ended(following, places):
                take_in(model, events)

    if following := open_hooks(model, run):
        watcher.tell(WAITING)
        await until_signal(hear(following), within=HOOKS_WITHIN)


def _tell(view: RunView, hooks: Sequence[HookView], kafka: str, *, form: str, quiet: bool) -> None:
    """Print the end of a run, and how its hooks stand."""
    if form == "json":
        click.echo(json.dumps(shown_json(view, hooks)))
    elif not quiet and not view.problems:
        # A process cluster on this machine, with the same home, leaves everything here.
        folder = home(os.environ).run(view.id)
        for line in closing_lines(view, folder if folder.path.exists() else None, hooks, kafka=kafka):
            click.echo(line)

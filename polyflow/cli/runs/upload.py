"""`polyflow upload`: files for a run that waits for them."""

import asyncio
import os

import click

from polyflow.cli.runs.operating import running_here
from polyflow.cli.terminal.options import UPLOAD, history, kafka_option, run_argument, uploads_together
from polyflow.requests.uploads import NotUploadedError, Upload, arrival, store_of
from polyflow.running.asking import ask_here, ask_on_kafka
from polyflow_topics.events import RequestAnswered
from polyflow_topics.names import RunId
from polyflow_topics.operating import UploadPipeline
from polyflow_topics.status import Pending


@click.command()
@run_argument
@click.argument(
    "uploads", metavar="PATH[:TARGET]…", nargs=-1, required=True, type=UPLOAD, callback=uploads_together
)
@kafka_option
def upload(run: str, uploads: tuple[Upload, ...], kafka: str | None) -> None:
    """Bring files to a run that waits for them (`polyflow run -u`), and let it start.

    Each is found under TARGET, or its own name, in $POLYFLOW_ARTIFACTS_PATH of all operations of the run.
    """
    if kafka:
        message = arrival(RunId(run), uploads, store_of(RunId(run), os.environ, remote=True))
        answer = asyncio.run(ask_on_kafka(message, kafka))
    else:
        message, answer = _here(run, uploads)
    if message.reason:
        raise NotUploadedError(message.message)
    click.echo(f"{run}: {'there is no answer yet' if answer is None else 'uploaded'}")


def _here(run: str, uploads: tuple[Upload, ...]) -> tuple[UploadPipeline, RequestAnswered | None]:
    """Bring files to a run of this machine, unless it waits for none: nobody changes them under it."""
    identity, folder = running_here(run)
    with history() as found:
        summary = found.summary(identity)
    if summary is None or summary.pending != Pending.UPLOAD:
        stands = summary.status if summary else "gone"
        raise NotUploadedError(f"the run {identity} waits for no files: it is {stands}")
    message = arrival(identity, uploads, folder.artifacts)
    return message, asyncio.run(ask_here(message, folder.socket))

"""`polyflow logs`: what an operation has written."""

import asyncio
import sys

import click

from polyflow.cli.terminal.options import history, run_argument
from polyflow.known import written
from polyflow.known.written import LogPiece
from polyflow_shared.clock import SystemClock
from polyflow_topics.pods import MAIN


@click.command()
@run_argument
@click.argument("operation")
@click.option("-f", "--follow", is_flag=True, help="Go on until the operation has ended.")
@click.option("--attempt", type=click.IntRange(min=0), help="Which attempt, counted from 0; else the last.")
def logs(run: str, operation: str, follow: bool, attempt: int | None) -> None:
    """Print what an operation has written to its standard output and error."""
    asyncio.run(_print(run, operation, follow=follow, attempt=attempt))


async def _print(run: str, operation: str, *, follow: bool, attempt: int | None) -> None:
    before: LogPiece | None = None
    with history() as found:
        pieces = written.logs(
            found, found.find(run), operation, SystemClock(), follow=follow, attempt=attempt
        )
        async for piece in pieces:
            _introduce(piece, before)
            sys.stdout.buffer.write(piece.content)
            sys.stdout.buffer.flush()
            before = piece


def _introduce(piece: LogPiece, before: LogPiece | None) -> None:
    """Say on standard error what is not the log itself: whose it is, and whether it is all of it."""
    several = before is not None and before.attempt == piece.attempt
    if piece.container and (several or piece.container != MAIN):
        click.echo(f"--- {piece.container}", err=True)
    if piece.missing:
        click.echo(f"the log of {piece.container} could not be read: {piece.missing}", err=True)
    if piece.cut:
        click.echo(f"the log of {piece.container} was longer; this is its end", err=True)

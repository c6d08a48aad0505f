"""`polyflow restart`, `copy`, `resume` and `rerun`: runs that come from runs."""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from polyflow.again.earlier import Earlier
from polyflow.cli.starting.run import follow_run
from polyflow.cli.terminal.layers import overlays
from polyflow.cli.terminal.options import (
    WORD,
    format_option,
    given_params,
    hub_option,
    kafka_option,
    layer_options,
    param_option,
    root_option,
    run_argument,
    services,
)
from polyflow.repeating import How, Overrides, bring_along, earlier_run, order_again, taken_up
from polyflow_shared.machine.home import home
from polyflow_topics.origins import OriginKind

F = TypeVar("F", bound=Callable[..., Any])
NO_FILE: Final = Path("the request")
"""What problems are shown with where no file was given."""


def _options(command: F) -> F:
    """Add what all of these commands take."""
    for option in reversed(
        (
            run_argument,
            param_option,
            layer_options,
            click.option(
                "--recompile",
                is_flag=True,
                help="The first -f is the specification, in place of the old one.",
            ),
            hub_option,
            root_option,
            click.option("--name", type=WORD, help="What the run is called."),
            click.option("--tag", "tags", type=WORD, multiple=True, help="A tag, in place of the old ones."),
            click.option("--quiet", is_flag=True, help="Print nothing while it runs."),
            kafka_option,
            format_option,
        )
    ):
        command = option(command)
    return command


_keep_changed = click.option(
    "--keep-changed", is_flag=True, help="Keep an operation although its definition has changed."
)


@click.command()
@_options
def restart(run: str, **how: Any) -> None:
    """Start a new run from the request of an earlier one; everything runs, but for what its cache has."""
    sys.exit(_again(run, "restart", **how))


@click.command()
@_options
def copy(run: str, **how: Any) -> None:
    """Start a new run from the request of an earlier one, with the artifacts that this machine has of it."""
    sys.exit(_again(run, "copy", **how))


@click.command()
@_options
@click.option(
    "--from", "operation", required=True, metavar="OPERATION", help="Where it begins; by its scoped name."
)
@_keep_changed
def rerun(run: str, **how: Any) -> None:
    """Start a new run that does an operation and all that follows from it anew, and keeps the rest."""
    sys.exit(_again(run, "rerun", **how))


@click.command()
@_options
@_keep_changed
def resume(run: str, **how: Any) -> None:
    """Go on with a run: what has succeeded stays, the rest runs.

    A run whose process was killed is taken up as it is; one that has ended may be given other params, files
    (-f) and definitions (--recompile).
    """
    sys.exit(_again(run, "resume", **how))


def _again(run: str, kind: OriginKind, *, quiet: bool, form: str, kafka: str | None, **given: Any) -> int:
    how = How(kind, given.pop("operation", ""), given.pop("keep_changed", False))
    overrides, shown = _overrides(**given)
    at = home(os.environ)
    if kafka is None and (found := taken_up(run, how, overrides, at)) is not None:
        goes_on, order = found
        return asyncio.run(follow_run(goes_on, order, None, form=form, quiet=quiet, file=None))
    before = asyncio.run(_before(run, kind, kafka))
    order = order_again(before, how, overrides, at, here=kafka is None)
    if kafka:
        from polyflow.cli.starting.remote import run_on_kafka  # noqa: PLC0415 - Kafka's client takes 90 ms to import

        return run_on_kafka(order, kafka, file=shown, form=form, quiet=quiet)
    request = order.request()
    copied = bring_along(before, kind, request.run, at)
    if kind == "copy":
        click.echo(f"artifacts copied of operations: {copied}", err=True)
    return asyncio.run(follow_run(request.run, order, request, form=form, quiet=quiet, file=shown))


async def _before(run: str, kind: OriginKind, kafka: str | None) -> Earlier:
    async with services(kafka) as runs:
        return await earlier_run(run, kind, home(os.environ), runs)


def _overrides(
    *, params: Sequence[str], recompile: bool, files: Sequence[Path], **given: Any
) -> tuple[Overrides, Path]:
    """Return what is other than the first time, and what problems are shown with."""
    if recompile and not files:
        raise click.UsageError("--recompile needs the new specification: -f FILE")
    overrides = Overrides(
        params=given_params(params),
        specification=files[0] if recompile else None,
        name=given.pop("name"),
        tags=given.pop("tags"),
        hubs=given.pop("hubs"),
        roots=given.pop("roots"),
    )
    overrides["files"] = overlays(files=files[1:] if recompile else files, **given)
    return overrides, files[0] if files else NO_FILE

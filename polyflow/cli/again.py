"""`polyflow restart`, `copy`, `resume` and `rerun`: runs that come from runs."""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from polyflow.again import Changes, Earlier, NotRepeatableError, earlier, fields_of, lineage
from polyflow.cli.interrupted import as_it_is, cut_short
from polyflow.cli.layers import overlays
from polyflow.cli.options import (
    WORD,
    format_option,
    given_params,
    history,
    hub_option,
    kafka_option,
    layer_options,
    param_option,
    root_option,
    run_argument,
)
from polyflow.cli.run import RunFailedError, follow_run
from polyflow.collecting import Options, overlay_of, read_specification, sent_with
from polyflow.copying import copy_artifacts
from polyflow.request import Order
from polyflow.session import workdir_of
from polyflow.uploads import Upload, bring
from polyflow_shared.home import connections_of, home, private_hosts_of
from polyflow_shared.language.document import Document
from polyflow_shared.read_model.views import RunView
from polyflow_topics.names import RunId
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
def resume(run: str, quiet: bool, form: str, kafka: str | None, **how: Any) -> None:
    """Go on with a run: what has succeeded stays, the rest runs.

    A run whose process was killed is taken up as it is; one that has ended may be given other params, files
    (-f) and definitions (--recompile).
    """
    if kafka is None and (found := cut_short(run)) is not None:
        if any(value for name, value in how.items() if name != "hubs"):
            raise RunFailedError(
                f"run {found.goes_on} is interrupted, and goes on as it is: leave the options out"
            )
        order = as_it_is(found.engine, how["hubs"])
        sys.exit(asyncio.run(follow_run(found.goes_on, order, None, form=form, quiet=quiet, file=None)))
    sys.exit(_again(run, "resume", quiet=quiet, form=form, kafka=kafka, **how))


def _again(run: str, kind: OriginKind, *, quiet: bool, form: str, kafka: str | None, **how: Any) -> int:
    before = _before(run, kafka)
    _may(before.view, kind, kafka)
    order = _order(before, kind, **how)
    files = how["files"]
    shown = files[0] if files else NO_FILE
    if kafka:
        from polyflow.cli.remote import run_on_kafka  # noqa: PLC0415 - Kafka's client takes 90 ms to import

        return run_on_kafka(order, kafka, file=shown, form=form, quiet=quiet)
    request = order.request()
    _bring_uploads(before, request.run)
    if kind == "copy":
        with history() as found:
            copied = copy_artifacts(found, before.view, request.run)
        click.echo(f"artifacts copied of operations: {copied}", err=True)
    return asyncio.run(follow_run(request.run, order, request, form=form, quiet=quiet, file=shown))


def _before(run: str, kafka: str | None) -> Earlier:
    with history() as found:
        if kafka is None or found.knows(run):
            return earlier(found, found.find(run))
    from polyflow.cli.remote import earlier_on_kafka  # noqa: PLC0415

    return earlier_on_kafka(RunId(run), kafka)


def _may(view: RunView, kind: OriginKind, kafka: str | None) -> None:
    """Refuse what cannot mean anything.

    Raises:
        NotRepeatableError: the run goes on, or is to be resumed elsewhere.
    """
    if kind != "resume":
        return
    if not view.final:
        raise NotRepeatableError(f"run {view.id} is {view.status}; what goes on need not be resumed")
    if view.origin is not None and view.origin.kind == "hook":
        raise NotRepeatableError(f"run {view.id} of a hook has ended with its engine: `polyflow restart` it")
    if kafka is None and not home(os.environ).run(view.id).journal.exists():
        raise NotRepeatableError(f"run {view.id} did not run on this machine: name its broker with --kafka")


def _order(
    before: Earlier,
    kind: OriginKind,
    *,
    params: Sequence[str],
    recompile: bool,
    hubs: Sequence[str],
    roots: Sequence[Path],
    **how: Any,
) -> Order:
    about = {name: value for name in ("name", "tags") if (value := how.pop(name))}
    origin = lineage(
        before, kind, operation=how.pop("operation", ""), keeps_changed=how.pop("keep_changed", False)
    )
    new, how["files"] = _recompiled(recompile, how["files"])
    options = Options(
        overlays=overlays(**how),
        hubs=hubs,
        roots=roots,
        presets=[home(os.environ).presets],
        private_hosts=private_hosts_of(os.environ),
        connections=connections_of(os.environ),
    )
    specification = None if new is None else overlay_of(new).text
    read = Document({}) if specification is None else read_specification(specification)
    sent = sent_with(read, str(new or ""), options)
    fields = fields_of(before, origin, Changes(given_params(params), sent, specification, about))
    workdir = _workdir(before.run) if new is None else new.resolve().parent
    if _uploads(before.run).is_dir():
        fields.pop("upload", None)
    specification = fields.pop("specification")
    resumed = before.run if kind == "resume" else None
    return Order(specification, workdir, fields, None, options.places, resumed)


def _recompiled(recompile: bool, files: Sequence[Path]) -> tuple[Path | None, Sequence[Path]]:
    """Return the specification that takes the place of the old one, if any, and what is laid over it."""
    if not recompile:
        return None, files
    if not files:
        raise click.UsageError("--recompile needs the new specification: -f FILE")
    return files[0], files[1:]


def _bring_uploads(before: Earlier, run: RunId) -> None:
    """Give a new run what was uploaded for the earlier one."""
    uploads = _uploads(before.run)
    if before.run != run and uploads.is_dir():
        bring([Upload(path, path.name) for path in uploads.iterdir()], home(os.environ).run(run).artifacts)


def _uploads(run: RunId) -> Path:
    return home(os.environ).run(run).artifacts


def _workdir(run: RunId) -> Path:
    folder = home(os.environ).run(run)
    return workdir_of(folder) if folder.path.joinpath("workdir").exists() else Path.cwd()

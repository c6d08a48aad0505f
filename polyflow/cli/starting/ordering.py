"""What a user orders on the command line: a specification, what is laid over it, and how it is to be run."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from polyflow.cli.terminal.layers import overlays
from polyflow.cli.terminal.options import given_params
from polyflow.cli.terminal.problems import lines
from polyflow.requests.orders import Order
from polyflow.specifications.collecting import layer, options_here, overlay_of, read_specification, sent_with
from polyflow_shared.language.document import Document
from polyflow_shared.language.findings import problems
from polyflow_shared.machine.home import home
from polyflow_topics.requests import SpecificationFile


def ordered(
    file: Path | None, module: str | None, params: Sequence[str], hubs: Sequence[str], **about: Any
) -> tuple[Order, Path]:
    """Return the order, and the file that problems are shown with.

    Args:
        file: the specification.
        module: a specification in Python instead, `FILE.py:NAME`.
        params: values for its inputs, each `NAME=VALUE`.
        hubs: where components are looked up.
        about: what `layers.overlays` takes, the switches, what the run is called, and `roots`: further
            folders whose files may be referred to.

    Raises:
        click.UsageError: there is no specification, or there are two.
        NotReadableError: a file cannot be read.
    """
    if (file is None) == (module is None):
        raise click.UsageError("name one FILE, or a specification in Python with -pm FILE.py:NAME")
    specification, shown = _specification(file, module)
    described = {name: about.pop(name) for name in ("name", "project", "owner", "tags", "request_id")}
    roots = about.pop("roots")
    switches = {name: about.pop(name) for name in ("once", "ignore_template", "approved")}
    laid = [*overlays(**about), *_switches(**switches)]
    options = options_here(home(os.environ), hubs=hubs, overlays=laid, roots=roots)
    request_id = described.pop("request_id")
    known = {key: value for key, value in described.items() if value is not None}
    known |= {"params": given_params(params), "tags": list(known["tags"])}
    read = read_specification(specification)
    _tell_notices(read, shown)
    known |= sent_with(read, str(shown) if file else "", options)
    return Order(specification, shown.resolve().parent, known, request_id, options.places), shown


def _specification(file: Path | None, module: str | None) -> tuple[Any, Path]:
    if file is not None:
        return overlay_of(file).text, file
    from polyflow.specifications.loading import load  # noqa: PLC0415 - brings the models, which a file does without here

    return load(module or ""), Path((module or "").partition(":")[0])


def _tell_notices(read: Document, shown: Path) -> None:
    """Tell what the author of a specification should know though it is right."""
    notices = [finding for finding in read.findings if finding.warning]
    for problem in problems(notices, locate=read.locate, file=str(shown)):
        for line in lines(problem, file=str(shown), source=""):
            click.echo(line, err=True)


def _switches(*, once: bool, ignore_template: bool, approved: bool | None) -> list[SpecificationFile]:
    found: list[SpecificationFile] = []
    if once:
        found.append(layer("--once", {"schedule": None}))
    if ignore_template:
        found.append(layer("--ignore-template", {"template": None}))
    if approved is not None:
        found.append(layer("--approved", {"isApproved": approved}))
    return found

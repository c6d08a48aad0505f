"""`polyflow hub`: the components that `hubRef` finds."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from polyflow.cli.terminal.options import format_option, hub_option
from polyflow.cli.terminal.paint import printable
from polyflow.cli.terminal.text import LINE_WIDTH, one_line, table
from polyflow_shared.errors import PolyflowError
from polyflow_shared.language import dialects
from polyflow_shared.language.findings import Finding
from polyflow_shared.language.references import LATEST, Reference, ReferenceKind, hub_parts, resolved
from polyflow_shared.machine.home import home
from polyflow_shared.references.errors import MissingError, NotReadError
from polyflow_shared.references.hubs import BUNDLED, FolderHub, Hub, Hubs, TakenError, hub_at


class HubError(PolyflowError):
    """A hub cannot do what was asked."""


@click.group()
def hub() -> None:
    """List, show and add the components that `hubRef` finds.

    A hub is a folder with files NAME/TAG.yaml or OWNER/NAME/TAG.yaml, or the web address of such a folder.
    """


@hub.command("ls")
@hub_option
@format_option
@click.pass_context
def list_components(context: click.Context, hubs: tuple[str, ...], form: str) -> None:
    """List components: names, tags, what they run, descriptions; without --hub those of polyflow as well.

    The exit status is 1 if a hub cannot be listed.
    """
    failures: list[NotReadError] = []
    own = str(home(os.environ).path / "hub")
    found = [entry for place in hubs for entry in _entries(hub_at(place), failures, named=place != own)]
    if not found and not failures and form != "json":
        click.echo(f"No components in {', '.join(hubs)}.  `polyflow hub add FILE` adds one.", err=True)
    if context.get_parameter_source("hubs") is not ParameterSource.COMMANDLINE:
        found += _entries(BUNDLED, failures, named=False)
    if form == "json":
        click.echo(json.dumps(found, indent=2))
    elif found:
        _print(found)
    for failure in failures:
        click.echo(f"polyflow: {failure}", err=True)
    if failures:
        context.exit(1)


def _entries(place: Hub, failures: list[NotReadError], *, named: bool) -> Iterator[dict[str, Any]]:
    """Yield what is in a hub; only a folder that nobody has named may be missing."""
    try:
        names = place.entries()
        if named and isinstance(place, FolderHub) and not place.folder.exists():
            raise MissingError(f"hub `{place.place}`: there is no such folder")
    except NotReadError as error:
        failures.append(error)
        return
    for name in names:
        component, tag = hub_parts(name)
        yield {"name": component, "tag": tag, **_described(place, name), "hub": place.place}


def _described(place: Hub, name: str) -> dict[str, Any]:
    """Return what a list says of a component; of one that cannot be read, why."""
    try:
        read = dialects.read(Hubs([place]).read(name))
    except NotReadError as error:
        return {"kind": None, "runs": None, "description": None, "problem": str(error)}
    value = read.value if isinstance(read.value, dict) else {}
    run = value.get("run")
    return {
        "kind": value.get("kind") or "component",
        "runs": run.get("kind") if isinstance(run, dict) else None,
        "description": value.get("description"),
        "problem": read.findings[0].message if read.findings and not value else "",
    }


def _print(found: Sequence[dict[str, Any]]) -> None:
    several = len({entry["hub"] for entry in found}) > 1
    header = ["NAME", "TAG", "KIND", "RUNS", *(["HUB"] if several else []), "DESCRIPTION"]
    lines = [
        [
            entry["name"],
            entry["tag"],
            _cell(entry["kind"] or "?", width=20),
            _cell(entry["runs"] or "", width=20),
            *([_cell(entry["hub"])] if several else []),
            _cell(entry["problem"] or entry["description"] or "", width=80),
        ]
        for entry in found
    ]
    for line in table(header, lines):
        click.echo(line)


def _cell(value: object, *, width: int = LINE_WIDTH) -> str:
    return printable(one_line(str(value).strip(), width=width))


@hub.command()
@click.argument("name", metavar="[OWNER/]NAME[:TAG]")
@hub_option
@format_option
def show(name: str, hubs: tuple[str, ...], form: str) -> None:
    """Print a component, as `hubRef` would find it, and on standard error where it is."""
    meant = _meant(name)
    try:
        place, text = Hubs([hub_at(place) for place in hubs]).found(meant.name)
    except NotReadError as error:
        raise HubError(_with_hint(error)) from error
    if form == "json":
        component, tag = hub_parts(meant.name)
        click.echo(json.dumps({"name": component, "tag": tag, "hub": place.place, "text": text}, indent=2))
    else:
        click.echo(f"{meant.name} is in {place.place}", err=True)
        click.echo(_shown(text), nl=not text.endswith("\n"))


def _shown(text: str) -> str:
    """Return a text as it is; on a terminal, without anything that steers it."""
    if not sys.stdout.isatty():
        return text
    return "\n".join(printable(line.expandtabs()) for line in text.split("\n"))


@hub.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", metavar="[OWNER/]NAME", help="What it is called; its own name if not given.")
@click.option("--tag", default=LATEST, show_default=True, help="Under which tag.")
@click.option("--force", is_flag=True, help="Take the place of another component of this name and tag.")
@hub_option
@format_option
def add(file: Path, name: str | None, tag: str, force: bool, hubs: tuple[str, ...], form: str) -> None:
    """Add a component, or an operation, to the first hub, after checking it.

    Whoever uses it may give it values and names for its templates; whatever else is wrong is refused.
    What it refers to is not added with it.
    """
    from polyflow.cli.files.adding import addable, meaning, notes  # noqa: PLC0415 - brings the models

    place = hub_at(hubs[0])
    if not isinstance(place, FolderHub):
        raise HubError(
            f"components are added to folders, and {place.place} is not one; choose one with --hub"
        )
    component = addable(file, hubs)
    meant = _meant(f"{name or component.value.get('name') or file.stem}:{tag}")
    path = _added(place, meant, component.text, force=force)
    for note in notes(component.value, meant, place):
        click.echo(note, err=True)
    if form == "json":
        named, tag = hub_parts(meant.name)
        click.echo(json.dumps({"name": named, "tag": tag, "hub": place.place, "file": str(path)}, indent=2))
    else:
        click.echo(f"added: {meaning(meant)}  ({path})")


def _added(place: FolderHub, meant: Reference, text: str, *, force: bool) -> Path:
    try:
        return place.add(meant.name, text, force=force)
    except TakenError as error:
        raise HubError(f"{error}; choose another --tag, or replace it with --force") from error
    except NotReadError as error:
        raise HubError(str(error)) from error


def _meant(name: str) -> Reference:
    meant = resolved(ReferenceKind.HUB, name, Reference(ReferenceKind.PATH, ""))
    if isinstance(meant, Finding):
        raise HubError(meant.message)
    return meant


def _with_hint(error: NotReadError) -> str:
    hint = str(error.hint)
    return f"{error}\n  hint: {hint}" if hint else str(error)

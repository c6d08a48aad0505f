"""`polyflow migrate`: a file in today's spelling, with its comments."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from polyflow.cli.terminal.problems import lines
from polyflow.migration.rewriting import Migrated, migrate
from polyflow_shared.errors import PolyflowError
from polyflow_shared.language.dialects.tree import Change

_SHOWN: Final = 20
"""Changes that are told."""


class NotUsableError(PolyflowError):
    """A file cannot be read or written."""


@click.command("migrate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--write", is_flag=True, help="Change the file itself.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to another file.")
@click.option("--diff", "as_diff", is_flag=True, help="Print what would change, line by line.")
def migrate_file(file: Path, write: bool, output: Path | None, as_diff: bool) -> None:
    """Rewrite a file of an older dialect, or with deprecated fields, in today's spelling.

    Prints the new text, and what was changed to standard error; nothing is written without --write or
    --output.  Comments, order and quotes stay.  The exit status is 0, or 2 if the file must be corrected
    first.
    """
    if sum((write, output is not None, as_diff)) > 1:
        raise click.UsageError("give one of --write, --output and --diff")
    text = _read(file)
    migrated = migrate(text)
    if migrated.problems:
        _refuse(migrated, file, text)
    for line in _told(migrated, file):
        click.echo(line, err=True)
    _deliver(migrated.text, text, file, (output or (file if write else None), as_diff))


def _read(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            return opened.read()
    except UnicodeDecodeError as error:
        raise NotUsableError(f"{file}: byte {error.start} is not UTF-8") from error
    except OSError as error:
        raise NotUsableError(f"{file}: {error.strerror}") from error


def _refuse(migrated: Migrated, file: Path, text: str) -> None:
    for problem in migrated.problems:
        for line in lines(problem, file=str(file), source=text):
            click.echo(line, err=True)
    count = len(migrated.problems)
    click.echo(f"{count} problem{'' if count == 1 else 's'}; nothing was rewritten", err=True)
    sys.exit(2)


def _told(migrated: Migrated, file: Path) -> Iterator[str]:
    """Yield what was changed; each replacement once, with how often it was made."""
    if not migrated.changes:
        yield f"{file}: in today's spelling already"
        return
    yield f"{file}: was in the {migrated.dialect} dialect"
    counted = _counted(migrated.changes)
    for (older, newer), count in list(counted.items())[:_SHOWN]:
        yield f"  {older} -> {newer}" + (f" ({count} times)" if count > 1 else "")
    if len(counted) > _SHOWN:
        yield f"  and {len(counted) - _SHOWN} more"
    for comment in migrated.lost:
        yield f"  a comment was lost: {comment}"


def _counted(changes: Sequence[Change]) -> dict[tuple[str, str], int]:
    counted: dict[tuple[str, str], int] = {}
    for change in changes:
        pair = (change.older, change.newer)
        counted[pair] = counted.get(pair, 0) + 1
    return counted


def _deliver(text: str, before: str, file: Path, to: tuple[Path | None, bool]) -> None:
    target, as_diff = to
    if as_diff:
        click.echo(_diff(before, text, file), nl=False)
    elif target is None:
        click.echo(text, nl=False)
    elif target != file or text != before:
        _write(target, text)


def _diff(before: str, text: str, file: Path) -> str:
    from difflib import unified_diff  # noqa: PLC0415

    old, new = before.splitlines(keepends=True), text.splitlines(keepends=True)
    return "".join(unified_diff(old, new, str(file), f"{file} (today)"))


def _write(target: Path, text: str) -> None:
    """Write a file at once: who reads it meanwhile gets the old text or the new one."""
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8", newline="") as opened:
            opened.write(text)
        if target.exists():
            beside.chmod(target.stat().st_mode)
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise NotUsableError(f"{target}: {error.strerror}") from error

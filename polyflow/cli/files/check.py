"""`polyflow check`: specifications checked without running anything, or asking any server."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import click

from polyflow.cli.terminal.layers import checking_options
from polyflow.cli.terminal.options import hub_option, layer_options, online_option, param_option, root_option
from polyflow.cli.terminal.paint import Paint, painter
from polyflow.cli.terminal.problems import counted, lines
from polyflow.specifications.checking import Checking, check_file, check_text
from polyflow.specifications.collecting import Options
from polyflow_shared.hosting.garbage import collect_rarely
from polyflow_topics.events import Problem

SUFFIXES: Final = (".yaml", ".yml")


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="FILE…")
@param_option
@layer_options
@hub_option
@root_option
@online_option
@click.option("--stdin", is_flag=True, help="Check what comes in on standard input.")
@click.option("--stdin-name", default="<stdin>", show_default=True, help="What to call it.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text", help="How to print it."
)
def check(paths: tuple[Path, ...], stdin: bool, stdin_name: str, form: str, **about: Any) -> None:
    """Check specifications: every field, reference, graph and param, with file, line and a suggestion.

    A folder stands for all *.yaml and *.yml files in it, but those in hidden folders.  The exit status is 0
    if all are accepted, 1 if one is rejected, 2 if the command itself is wrong.
    """
    if not paths and not stdin:
        raise click.UsageError("name at least one file, or give --stdin")
    collect_rarely()
    options = checking_options(**about)
    files = [file for path in paths for file in _within(path)]
    checkings = _checkings(files, stdin_name if stdin else None, options)
    accepted = _PRINTERS[form](checkings)
    sys.exit(0 if accepted else 1)


def _within(path: Path) -> list[Path]:
    """Return the files that a path stands for.

    Raises:
        click.UsageError: there is none in the folder: what checks nothing must not pass for a check.
    """
    if not path.is_dir():
        return [path]
    found = [one for one in sorted(path.rglob("*")) if one.suffix in SUFFIXES and _is_meant(one)]
    shown = [one for one in found if not any(part.startswith(".") for part in one.relative_to(path).parts)]
    if not shown:
        raise click.UsageError(f"there is no {' or '.join(f'*{suffix}' for suffix in SUFFIXES)} in {path}")
    return shown


def _is_meant(path: Path) -> bool:
    """Tell whether a path in a folder is a file; a link that leads nowhere is one that there is not."""
    return path.is_file() or (path.is_symlink() and not path.exists())


def _checkings(files: Iterable[Path], stdin: str | None, options: Options) -> Iterator[Checking]:
    """Check one after another, each shown before the next is begun."""
    if stdin is not None:
        yield check_text(sys.stdin.buffer.read(), file=stdin, options=options)
    for path in files:
        yield check_file(path, options)


def _print_json(checkings: Iterable[Checking]) -> bool:
    accepted = True
    for checking in checkings:
        accepted &= checking.checked.accepted
        click.echo(json.dumps(as_json(checking)))
    return accepted


def as_json(checking: Checking) -> dict[str, Any]:
    """Return what is to say of a file, as JSON."""
    checked = checking.checked
    return {
        "file": checking.file,
        "schema": checked.schema,
        "compile": checked.compile,
        "run_ready": checked.run_ready,
        "upstream": {name: list(upstream) for name, upstream in checked.upstream.items()},
        "errors": [_problem_as_json(problem, checking.file) for problem in checked.errors],
        "warnings": [_problem_as_json(problem, checking.file) for problem in checked.warnings],
    }


def _problem_as_json(problem: Problem, file: str) -> dict[str, Any]:
    return {
        "code": problem.code,
        "severity": problem.severity,
        "file": problem.file or file,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "message": problem.message,
        "hint": problem.hint,
    }


def _print_sarif(checkings: Iterable[Checking]) -> bool:
    from polyflow.cli.files import sarif  # noqa: PLC0415

    every = list(checkings)
    click.echo(json.dumps(sarif.log(every), indent=2))
    return all(checking.checked.accepted for checking in every)


def _print_text(checkings: Iterable[Checking]) -> bool:
    paint = painter(sys.stdout)
    told: Counter[str] = Counter()
    for checking in checkings:
        told["accepted" if checking.checked.accepted else "rejected"] += 1
        told.update(problem.severity for problem in checking.checked.warnings)
        for line in _told(checking, paint):
            click.echo(line)
    click.echo(_summary(told))
    return not told["rejected"]


def _told(checking: Checking, paint: Paint) -> Iterator[str]:
    for problem in (*checking.checked.errors, *checking.checked.warnings):
        yield from lines(
            problem, file=checking.file, source=checking.text, others=checking.others, paint=paint
        )


def _summary(told: Counter[str]) -> str:
    """Return how many files there were of each verdict, and what else was said."""
    also = [counted(told[severity], severity) for severity in ("warning", "note") if told[severity]]
    files = counted(told["accepted"] + told["rejected"], "file")
    verdicts = f"{files}: {told['accepted']} accepted, {told['rejected']} rejected"
    return f"{verdicts}; {', '.join(also)}" if also else verdicts


_PRINTERS: Final = {"text": _print_text, "json": _print_json, "sarif": _print_sarif}

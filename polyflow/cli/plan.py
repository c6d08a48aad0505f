"""`polyflow plan`: what a specification would run, in which order, and how long that takes."""

import json
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from polyflow.checking import check_file
from polyflow.cli.layers import checking_options
from polyflow.cli.options import hub_option, layer_options, param_option, root_option
from polyflow.cli.problems import report
from polyflow.planning import dot, gantt, mermaid, tree
from polyflow.planning.graph import Graph, graph_of
from polyflow.planning.waves import schedule
from polyflow_shared.language.findings import did_you_mean

FORMS = ("tree", "mermaid", "dot", "json")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@param_option
@layer_options
@hub_option
@root_option
@click.option("--online", is_flag=True, help="Fetch what `urlRef` refers to.")
@click.option(
    "--duration", "durations", multiple=True, metavar="OPERATION=TIME",
    help="How long an operation takes, in any unit; 1 where not given.",
)  # fmt: skip
@click.option("--format", "form", type=click.Choice(FORMS), default="tree", help="How to print it.")
def plan(file: Path, durations: tuple[str, ...], form: str, **about: Any) -> None:
    """Show the graph of a pipeline file, its order of execution, and its simulated schedule.

    Nothing is run.  The schedule supposes that every operation succeeds; it keeps to `concurrency`.  The exit
    status is 0, or 1 if the file is rejected.
    """
    taken = _durations(durations)
    checking = check_file(file, checking_options(**about))
    compiled = checking.checked.compiled
    if not checking.checked.accepted or compiled is None or not compiled.expansion.scopes:
        for line in report(checking.checked.errors, file=str(file), source=checking.text):
            click.echo(line, err=True)
        sys.exit(1)
    graph = graph_of(compiled)
    _all_known(taken, {operation.name for operation in graph.operations.values()})
    for line in _PRINTERS[form](graph, taken):
        click.echo(line)


def _durations(pairs: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for pair in pairs:
        name, _, time = pair.partition("=")
        try:
            found[name] = float(time)
        except ValueError:
            found[name] = -1.0
        if not 0 < found[name] < float("inf"):
            raise click.BadParameter(f"{pair!r} is not of the form OPERATION=TIME", param_hint="--duration")
    return found


def _all_known(durations: Iterable[str], names: Collection[str]) -> None:
    for name in durations:
        if name not in names:
            hint = did_you_mean(name, names)
            message = f"there is no operation {name!r}" + (f"; {hint}" if hint else "")
            raise click.BadParameter(message, param_hint="--duration")


def _tree(graph: Graph, durations: dict[str, float]) -> Iterator[str]:
    yield from tree.lines(graph)
    yield ""
    yield from gantt.lines(graph, schedule(graph, durations))


def _json(graph: Graph, durations: dict[str, float]) -> Iterator[str]:
    spans = schedule(graph, durations)
    shown = asdict(graph)
    shown["schedule"] = {graph.operations[index].index: asdict(span) for index, span in spans.items()}
    yield json.dumps(shown)


_PRINTERS = {
    "tree": _tree,
    "mermaid": lambda graph, _: mermaid.lines(graph),
    "dot": lambda graph, _: dot.lines(graph),
    "json": _json,
}

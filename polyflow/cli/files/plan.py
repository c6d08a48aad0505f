"""`polyflow plan`: what a specification would run, in which order, and how long that takes."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from polyflow.cli.files.check import as_json
from polyflow.cli.terminal.layers import checking_options
from polyflow.cli.terminal.options import hub_option, layer_options, online_option, param_option, root_option
from polyflow.cli.terminal.paint import painter
from polyflow.cli.terminal.problems import report
from polyflow.planning import dot, gantt, mermaid, order, tree
from polyflow.planning.graph import Graph, graph_of
from polyflow.planning.waves import schedule
from polyflow.specifications.checking import Checking, check_file
from polyflow_services.spec_validator.compilation import Compiled
from polyflow_shared.language.findings import did_you_mean

FORMS = ("tree", "mermaid", "dot", "json")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@param_option
@layer_options
@hub_option
@root_option
@online_option
@click.option(
    "--duration", "durations", multiple=True, metavar="OPERATION=TIME",
    help="How long an operation takes, in any unit; 1 where not given.",
)  # fmt: skip
@click.option("--format", "form", type=click.Choice(FORMS), default="tree", help="How to print it.")
def plan(file: Path, durations: tuple[str, ...], form: str, **about: Any) -> None:
    """Show the graph of a pipeline file, its order of execution, and its simulated schedule.

    Nothing is run.  The schedule keeps to triggers and `concurrency`, and supposes that what starts succeeds.
    The exit status is 0, or 1 if the file is rejected; --format json then prints what `polyflow check` says.
    """
    taken = _durations(durations)
    compiled = _compiled(check_file(file, checking_options(**about)), form)
    graph = graph_of(compiled)
    _all_known(taken, graph)
    for line in _PRINTERS[form](graph, taken):
        click.echo(line)


def _compiled(checking: Checking, form: str) -> Compiled:
    """Return what a file compiled to; where it is rejected, say why and end.

    Raises:
        click.UsageError: it is not meant to be run.
    """
    checked = checking.checked
    if not checked.accepted and form == "json":
        click.echo(json.dumps(as_json(checking)))
        sys.exit(1)
    if not checked.accepted:
        for line in report(
            checked.errors,
            file=checking.file,
            source=checking.text,
            others=checking.others,
            paint=painter(sys.stderr),
            end="there is no plan",
        ):
            click.echo(line, err=True)
        sys.exit(1)
    if checked.compiled is None or not checked.compiled.expansion.scopes:
        raise click.UsageError(
            f"{checking.file} runs nothing by itself: it is laid over other files, with -f"
        )
    return checked.compiled


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


def _all_known(durations: Iterable[str], graph: Graph) -> None:
    """Refuse durations of what there is not, and of DAGs.

    Raises:
        click.BadParameter: there is one.
    """
    named = [(name, one) for one in graph.operations.values() for name in (one.name, one.path)]
    timed = {name for name, one in named if one.opens is None}
    for name in durations:
        if name in timed:
            continue
        if any(name == known for known, _ in named):
            message = f"{name!r} is a DAG, which takes as long as what is in it"
        else:
            hint = did_you_mean(name, timed)
            message = f"there is no operation {name!r}" + (f"; {hint}" if hint else "")
        raise click.BadParameter(message, param_hint="--duration")


def _tree(graph: Graph, durations: Mapping[str, float]) -> Iterator[str]:
    yield from tree.lines(graph)
    yield ""
    yield from order.lines(graph)
    yield ""
    yield from gantt.lines(graph, schedule(graph, durations))


def _json(graph: Graph, durations: Mapping[str, float]) -> Iterator[str]:
    spans = schedule(graph, durations)
    yield json.dumps({**asdict(graph), "schedule": {index: asdict(span) for index, span in spans.items()}})


_PRINTERS = {
    "tree": _tree,
    "mermaid": lambda graph, _: mermaid.lines(graph),
    "dot": lambda graph, _: dot.lines(graph),
    "json": _json,
}

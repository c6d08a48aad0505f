"""`polyflow invalidate`: let nobody use certain cached results any more."""

import asyncio
from collections.abc import Iterator

import click

from polyflow.cli.options import WORD, history, kafka_option
from polyflow.history import History, operation_of
from polyflow_shared.errors import PolyflowError
from polyflow_shared.read_model.search import Search
from polyflow_topics.events import OperationChanged
from polyflow_topics.names import RunId


class NothingCachedError(PolyflowError):
    """There is nothing to invalidate."""


@click.command()
@click.argument("run", metavar="[RUN]", required=False)
@click.argument("operation", required=False)
@click.option("--project", type=WORD, help="Those of all runs of a project instead.")
@kafka_option
def invalidate(run: str | None, operation: str | None, project: str | None, kafka: str | None) -> None:
    """Let nobody use the cached results of a run, of one OPERATION of it, or of a project any more.

    What goes on goes on; its results are not used by others either.
    """
    if (run is None) is (project is None):
        raise click.UsageError("give either a RUN or --project")
    with history() as found:
        runs = [found.find(run)] if run else [one.id for one in found.runs(Search(project=project))]
        if operation:
            operation_of(found.view(runs[0]), operation)  # refused where there is none of that name
        results = sorted({result for one in runs for result in _results(found, one, operation)})
        if not results:
            what = f"operation {operation!r} of run {runs[0]}" if operation else run or f"project {project!r}"
            raise NothingCachedError(f"nothing of {what} is cached; operations need `cache` for that")
        if kafka:
            asyncio.run(_publish(results, kafka))
        forgotten = len(results) if kafka else _forget(found, results)
    click.echo(_said(forgotten, len(results) - forgotten))


def _said(now: int, before: int) -> str:
    """Return how many results nobody uses from now on, and how many nobody would have used anyway."""
    said = [f"{now} cached result{'s are' if now > 1 else ' is'} not used any more"] if now else []
    if before:
        which = "" if now else f" cached result{'s' if before > 1 else ''}"
        said.append(f"{before}{which} {'were' if before > 1 else 'was'} not used before either")
    return "; ".join(said)


def _results(found: History, run: RunId, operation: str | None) -> Iterator[str]:
    """Yield what results of a run are kept under: of one operation and what is in it, if given, or all."""
    for event in found.events(run):
        if event.type == OperationChanged.WIRE:
            change = OperationChanged.model_validate_json(event.body)
            meant = operation is None or f"{change.operation}.".startswith(f"{operation}.")
            if change.cache and meant:
                yield change.cache


def _forget(found: History, results: list[str]) -> int:
    """Have results forgotten; return how many somebody could still have used."""
    from polyflow_services.embedded import commons_of  # noqa: PLC0415 -- all services take 100 ms to import
    from polyflow_topics.catalog import CACHE_REQUESTS  # noqa: PLC0415
    from polyflow_topics.results import ForgetResult  # noqa: PLC0415

    commons = commons_of(found.home)
    changed = [commons.changes(CACHE_REQUESTS.name, ForgetResult(result=result)) for result in results]
    commons.close()
    return sum(changed)


async def _publish(results: list[str], kafka: str) -> None:
    from polyflow.kafka import publish_forget  # noqa: PLC0415 -- Kafka's client takes 90 ms to import

    await publish_forget(kafka, results)

"""The projector on Kafka, as a process of its own."""

import sys
from contextlib import closing
from functools import partial

from polyflow_services.projector.act import Forgetting, Projector
from polyflow_services.projector.settings import ProjectorSettings
from polyflow_shared.broker.access import group_of
from polyflow_shared.hosting.process import serve, surroundings
from polyflow_shared.loops.service import run_batches, send
from polyflow_shared.machine.home import Home
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_topics.catalog import RUN_EVENTS, RUN_LOGS, RUN_METRICS

SERVICE = "projector"


async def run(settings: ProjectorSettings) -> None:
    """Keep the read model until told to end."""
    history = Home(settings.home).history
    with closing(SqliteReadModel.open(history)) as model:
        async with surroundings(SERVICE, settings) as around:
            topics = [RUN_METRICS.name, RUN_EVENTS.name, RUN_LOGS.name]
            source = await around.broker.source(topics, group=group_of(SERVICE), member=settings.member)
            forgetting = Forgetting(
                model, around.clock, requests_kept=settings.requests_kept, runs_kept=settings.runs_kept
            )
            projector = Projector(model, partial(send, shell=around.shell), forgetting.step)
            await run_batches(projector.act, source, around.shell)


def main() -> int:
    """Run the service; return the exit status."""
    return serve(SERVICE, ProjectorSettings, run)


if __name__ == "__main__":
    sys.exit(main())

"""The planner on Kafka, as a process of its own."""

import sys
from functools import partial

from polyflow_services.planner.core import decide, recovered
from polyflow_services.planner.observe import Observer
from polyflow_services.planner.rows.state import CODEC
from polyflow_services.planner.settings import PlannerSettings
from polyflow_shared.broker.access import group_of
from polyflow_shared.hosting.process import serve, surroundings
from polyflow_shared.loops.decider import Decider, run_decider
from polyflow_topics.catalog import PLANNER_ROWS, RUN_INBOX

SERVICE = "planner"


async def run(settings: PlannerSettings) -> None:
    """Decide until told to end."""
    async with surroundings(SERVICE, settings) as around:
        observer = Observer(around.shell.meter)
        planner = Decider(
            decide=partial(
                decide,
                infrastructure_retries=settings.infrastructure_retries,
                outputs_wait=settings.outputs_wait,
            ),
            rows=CODEC,
            inbox=RUN_INBOX.name,
            changelog=PLANNER_ROWS.name,
            recovered=recovered,
            observe=observer.observe,
            recount=observer.recount,
            session_timeout=settings.session_timeout,
        )
        await run_decider(
            planner, around.broker, around.shell, group=group_of(SERVICE), member=settings.member
        )


def main() -> int:
    """Run the service; return the exit status."""
    return serve(SERVICE, PlannerSettings, run)


if __name__ == "__main__":
    sys.exit(main())

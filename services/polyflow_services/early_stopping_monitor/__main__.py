"""The early-stopping monitor on Kafka, through Faust, as a process of its own."""

import sys

from polyflow_services.early_stopping_monitor.core import decide
from polyflow_services.early_stopping_monitor.observe import observer
from polyflow_services.early_stopping_monitor.settings import MonitorSettings
from polyflow_services.early_stopping_monitor.state import CODEC
from polyflow_shared.broker.access import group_of
from polyflow_shared.hosting.process import serve, surroundings
from polyflow_shared.loops.decider import Decider
from polyflow_shared.loops.stream_decider import run_stream_decider
from polyflow_topics.catalog import MONITOR_ROWS, RUN_METRICS

SERVICE = "early_stopping_monitor"


async def run(settings: MonitorSettings) -> None:
    """Decide until told to end."""
    async with surroundings(SERVICE, settings) as around:
        monitor = Decider(
            decide=decide,
            rows=CODEC,
            inbox=RUN_METRICS.name,
            changelog=MONITOR_ROWS.name,
            observe=observer(around.shell.meter),
            session_timeout=settings.session_timeout,
        )
        await run_stream_decider(
            monitor,
            around.broker,
            around.config,
            around.shell,
            group=group_of(SERVICE),
            member=settings.member,
        )


def main() -> int:
    """Run the service; return the exit status."""
    return serve(SERVICE, MonitorSettings, run)


if __name__ == "__main__":
    sys.exit(main())

"""The status watcher of one cluster on Kafka, as a process of its own."""

import sys
from dataclasses import replace

from polyflow_services.status_watcher.act import watch
from polyflow_services.status_watcher.settings import StatusWatcherSettings
from polyflow_shared.cluster.opening import open_cluster_of
from polyflow_shared.cluster.pulse import Pulse
from polyflow_shared.hosting.process import closed_after, serve, surroundings
from polyflow_shared.loops.service import run_watcher
from polyflow_topics.names import ClusterName

SERVICE = "status_watcher"


async def run(settings: StatusWatcherSettings) -> None:
    """Say what becomes of the cluster's pods until told to end."""
    async with surroundings(SERVICE, settings) as around:
        # Who has not listed its pods knows nothing of them, however often its loop comes round.
        shell = replace(around.shell, beat=around.health.beat)
        pulse = Pulse(around.clock, shell.meter, around.health.be_ready)
        opened = await open_cluster_of(settings, around.clock, shell.log, shards=settings.shards, pulse=pulse)
        async with closed_after(opened.cluster):
            await run_watcher(watch(opened.cluster, ClusterName(settings.cluster)), shell)


def main() -> int:
    """Run the service; return the exit status."""
    return serve(SERVICE, StatusWatcherSettings, run)


if __name__ == "__main__":
    sys.exit(main())

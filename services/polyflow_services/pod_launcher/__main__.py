"""The pod launcher of one cluster on Kafka, as a process of its own."""

import asyncio
import sys

from polyflow_services.pod_launcher.act import LANES, Launcher
from polyflow_services.pod_launcher.settings import PodLauncherSettings
from polyflow_shared.broker.access import group_of
from polyflow_shared.cluster.opening import open_cluster_of
from polyflow_shared.hosting.process import closed_after, serve, surroundings
from polyflow_shared.loops.effector import run_effector
from polyflow_shared.loops.service import first_failure, on_message
from polyflow_topics.catalog import commands_topic
from polyflow_topics.names import ClusterName

SERVICE = "pod_launcher"


async def run(settings: PodLauncherSettings) -> None:
    """Obey commands for the cluster until told to end."""
    async with surroundings(SERVICE, settings, clusters=[settings.cluster]) as around:
        opened = await open_cluster_of(settings, around.clock, around.shell.log)
        async with closed_after(opened.cluster):
            source = await around.broker.source(
                [commands_topic(ClusterName(settings.cluster))],
                group=group_of(SERVICE, settings.cluster),
                member=settings.member,
            )
            act = on_message(Launcher(opened.cluster, around.clock).act)
            serving = run_effector(act, source, around.shell, lanes=LANES)
            await first_failure([asyncio.ensure_future(serving), asyncio.ensure_future(opened.upkeep())])


def main() -> int:
    """Run the service; return the exit status."""
    return serve(SERVICE, PodLauncherSettings, run)


if __name__ == "__main__":
    sys.exit(main())

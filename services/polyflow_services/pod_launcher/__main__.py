"""The pod launcher of one cluster on Kafka, as a process of its own."""

import sys

from polyflow_services.pod_launcher.act import Launcher
from polyflow_services.pod_launcher.settings import PodLauncherSettings
from polyflow_shared.cluster.remote import RemoteCluster
from polyflow_shared.effector import run_effector
from polyflow_shared.process import closed_after, serve, surroundings
from polyflow_shared.service import on_message
from polyflow_topics.catalog import commands_topic
from polyflow_topics.names import ClusterName

SERVICE = "pod_launcher"


async def run(settings: PodLauncherSettings) -> None:
    """Obey commands for the cluster until told to end."""
    cluster = RemoteCluster(settings.cluster_socket)
    async with surroundings(SERVICE, settings) as around, closed_after(cluster):
        source = await around.broker.source(
            [commands_topic(ClusterName(settings.cluster))],
            group=f"polyflow-{SERVICE}-{settings.cluster}",
            member=settings.member,
        )
        await run_effector(on_message(Launcher(cluster, around.clock).act), source, around.shell)


def main() -> int:
    """Run the service; return the exit status."""
    return serve(SERVICE, PodLauncherSettings, run)


if __name__ == "__main__":
    sys.exit(main())

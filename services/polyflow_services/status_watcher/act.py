"""The watch: what the cluster yields, as messages."""

from collections.abc import AsyncIterator, Sequence

from polyflow_services.status_watcher.core import Memory
from polyflow_shared.cluster.port import Cluster
from polyflow_topics.message import Message
from polyflow_topics.names import ClusterName


async def watch(cluster: Cluster, name: ClusterName) -> AsyncIterator[Sequence[Message]]:
    """Yield what is to be said, until the cluster is closed.

    Asking for the next batch says that the one before was sent.  Whoever could not send a batch begins a
    new watch: it tells everything again that was not released.

    Args:
        cluster: what is watched.
        name: what the cluster is called.
    """
    memory = Memory()
    async for seen in cluster.watch():
        if messages := memory.news(seen, name):
            yield messages

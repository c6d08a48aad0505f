"""Lists of pods, page by page."""

from collections.abc import AsyncIterator
from typing import Final

from polyflow_shared.cluster.kubernetes import objects
from polyflow_shared.cluster.kubernetes.client import Client, Object

PAGE: Final = 500
"""Pods that are listed by one request."""


async def listed(client: Client, namespace: str, selector: str) -> AsyncIterator[Object]:
    """Yield the pods of a namespace that have certain labels.

    Raises:
        ClusterUnavailableError: some are missing.
        RefusedError: some are missing; with status 410 the list took so long that it has to begin again.
    """
    query: dict[str, str | int] = {"labelSelector": selector, "limit": PAGE}
    while True:
        page = await client.get(objects.collection(namespace), query)
        for pod in page.get("items") or []:
            yield pod
        more = page["metadata"].get("continue")
        if not more:
            return
        query["continue"] = more

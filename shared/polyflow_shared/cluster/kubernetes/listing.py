"""Lists of pods, page by page."""

from collections.abc import AsyncIterator, Mapping
from typing import Final, Protocol

from polyflow_shared.cluster.kubernetes.client import Object
from polyflow_shared.cluster.kubernetes.pods import objects
from polyflow_shared.cluster.kubernetes.shapes import a_page

PAGE: Final = 500
"""Pods that are listed by one request."""


class Lister(Protocol):
    """What a list needs of a client."""

    async def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Object:
        """Return a list."""


async def pages(client: Lister, path: str, selector: str) -> AsyncIterator[Object]:
    """Yield a list of the objects of a collection that have certain labels, in parts.

    Raises:
        ClusterUnavailableError: some are missing.
        RefusedError: some are missing; one that is `expired` took so long that it has to begin again.
    """
    query: dict[str, str | int] = {"labelSelector": selector, "limit": PAGE}
    more = ""
    while True:
        page = a_page(await client.get(path, {**query, "continue": more} if more else query))
        yield page
        more = page["metadata"].get("continue") or ""
        if not more:
            return


async def listed(client: Lister, namespace: str, selector: str) -> AsyncIterator[Object]:
    """Yield the pods of a namespace that have certain labels; see `pages`."""
    async for page in pages(client, objects.collection(namespace), selector):
        for pod in page.get("items") or []:
            yield pod

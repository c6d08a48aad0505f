"""What a launcher does beside its commands: pods that were released long ago are removed.

A released pod's label says from which minute on it may go, so one request removes all of a minute, however
many they are.
"""

import random
from collections.abc import AsyncIterator
from typing import Final

from polyflow_shared.clock import Clock
from polyflow_shared.cluster.kubernetes.client import STRATEGIC, Client, Object, Query, RefusedError
from polyflow_shared.cluster.kubernetes.listing import listed
from polyflow_shared.cluster.kubernetes.place import Place
from polyflow_shared.cluster.kubernetes.pods import names, objects
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_shared.observing.logs import Log

EVERY: Final = 60.0
"""Seconds between two rounds."""
AT_ONCE: Final = 60
"""Minutes that one request names."""
_UNHELD: Final[Object] = {
    "metadata": {
        "labels": {names.TRACKED: names.RELEASED},
        "$deleteFromPrimitiveList/finalizers": [names.TRACKED],
    }
}
LIST_EVERY: Final = 60
"""Minutes after which all released pods are listed, as in the first round.

A release that had to wait, such as for an API server that was away, may name a minute that is over by then.
"""
Minutes = set[int]


class Upkeep:
    """Removes released pods when their time has come; several at once do no harm."""

    def __init__(self, client: Client, place: Place, clock: Clock, log: Log) -> None:
        """Take over the parts."""
        self._client = client
        self._place = place
        self._clock = clock
        self._log = log
        self._done: dict[str, int] = {}
        """The last minute whose pods were removed, by namespace."""
        self._listed: dict[str, int] = {}
        """The minute in which all released pods of a namespace were last listed."""

    async def serve(self) -> None:
        """Make a round every minute, for ever; one that fails is made up for by the next."""
        while True:
            try:
                await self.round()
            except ClusterUnavailableError as error:
                self._log.warning("upkeep_failed", error=str(error))
            await self._clock.sleep(EVERY * random.uniform(0.8, 1.2))

    async def round(self) -> None:
        """Remove what may go by now, from each namespace whatever becomes of the others.

        Raises:
            ClusterUnavailableError: some may not have been removed; the next round does it.
        """
        failures: list[str] = []
        for namespace in self._place.namespaces:
            try:
                await self._remove_due(namespace)
            except (ClusterUnavailableError, RefusedError) as error:
                failures.append(f"{namespace}: {error}")
        if failures:
            raise ClusterUnavailableError("; ".join(failures))

    async def _remove_due(self, namespace: str) -> None:
        now = int(self._clock.now().timestamp() // 60)
        await self._let_go(namespace, now)
        lists = now - self._listed.get(namespace, 0) >= LIST_EVERY
        due = await self._found(namespace, now) if lists else set(range(self._done[namespace] + 1, now + 1))
        minutes = sorted(due)
        for first in range(0, len(minutes), AT_ONCE):
            await self._remove(namespace, minutes[first : first + AT_ONCE])
        self._done[namespace] = now
        if lists:
            self._listed[namespace] = now

    async def _found(self, namespace: str, now: int) -> Minutes:
        """Return the minutes that released pods name and that are over."""
        selector = f"{self._place.ours},{names.TRACKED}={names.RELEASED}"
        found = {_expires(pod) async for pod in listed(self._client, namespace, selector)}
        return {minute for minute in found if minute <= now}

    async def _remove(self, namespace: str, minutes: list[int]) -> None:
        due = ",".join(str(minute) for minute in minutes)
        selector = f"{self._place.ours},{names.TRACKED}={names.RELEASED},{names.EXPIRES} in ({due})"
        query: Query = {"labelSelector": selector}
        await self._client.delete(objects.collection(namespace), query=query)
        self._log.debug("released_pods_removed", namespace=namespace, minutes=len(minutes))

    async def _let_go(self, namespace: str, now: int) -> None:
        """Take the finalizer off deleted pods that no late launch can ask for any more."""
        selector = f"{self._place.ours},{names.TRACKED}={names.HELD}"
        async for pod in listed(self._client, namespace, selector):
            if _expires(pod) <= now:
                await unhold(self._client, pod)


async def unhold(client: Client, pod: Object) -> None:
    """Take our finalizer off a pod, whatever becomes of it.

    Raises:
        ClusterUnavailableError: try again later.
        RefusedError: we may not.
    """
    try:
        await client.patch(objects.path_of(pod), _UNHELD, kind=STRATEGIC)
    except RefusedError as error:
        if not error.missing:
            raise


async def clean(client: Client, place: Place) -> AsyncIterator[str]:
    """Take our finalizers off all pods of an installation; yield the name of each as it is done.

    Raises:
        ClusterUnavailableError: what was yielded is done.
        RefusedError: we may not.
    """
    for namespace in place.namespaces:
        async for pod in listed(client, namespace, place.ours):
            if names.TRACKED in (pod["metadata"].get("finalizers") or ()):
                await unhold(client, pod)
                yield f"{namespace}/{pod['metadata']['name']}"


def _expires(pod: Object) -> int:
    text = objects.labels_of(pod).get(names.EXPIRES, "0")
    return int(text) if text.isdigit() else 0

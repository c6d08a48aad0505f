"""One process that takes all times: it watches pods as anybody may, and reads the public run events."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from polyflow.requests.orders import Request
from polyflow.running.kafka import KafkaRuns
from polyflow_shared.cluster.kubernetes.client import Client, Query
from polyflow_shared.cluster.kubernetes.pods import names
from polyflow_shared.cluster.kubernetes.pods.objects import collection
from polyflow_topics.events import RequestRejected, RunChanged
from polyflow_topics.names import RunId
from polyflow_topics.status import FINAL

NAMESPACE = "default"
_NAME = re.compile(r"pf-([0-9a-f]{32})-(\d+)-0")


async def version_now(client: Client) -> str:
    """Return the version of the pods, as a watch starts from it."""
    return str((await client.get(collection(NAMESPACE), {"limit": 1}))["metadata"]["resourceVersion"])


async def pods(client: Client, query: Query, version: str) -> AsyncIterator[list[Any]]:
    """Yield the events of pods after a version, for ever: an API server ends a watch when it likes."""
    path = collection(NAMESPACE)
    while True:
        async for events in client.watch(path, {**query, "resourceVersion": version}, silence=3600):
            version = events[-1]["object"]["metadata"]["resourceVersion"]
            yield events


@dataclass
class Sight:
    """When a pod was first seen, and when it was seen to have ended; seconds of the monotonic clock."""

    created: float
    ended: float | None = None


@dataclass
class Taken:
    """One run, as somebody outside sees it; seconds of the monotonic clock.

    Attributes:
        acknowledged: Kafka had the request.
        ended: its last event was read.
        pods: by the operation's number.
    """

    begun: float
    acknowledged: float
    ended: float
    pods: dict[int, Sight]

    @property
    def whole(self) -> float:
        """Seconds from the request being published to the last event being read."""
        return self.ended - self.begun


@dataclass
class Observer:
    """Submits runs and sees what becomes of them."""

    client: Client
    runs: KafkaRuns
    sights: dict[str, dict[int, Sight]] = field(default_factory=dict)
    """By the run's id without dashes, then by the operation's number."""

    async def watch(self) -> None:
        """See pods, for ever; started before anything is submitted."""
        async for events in pods(self.client, {}, await version_now(self.client)):
            now = time.perf_counter()
            for event in events:
                self._see(event["object"], now)

    async def run(self, specification: str) -> Taken:
        """Submit a pipeline and return when its last event was read.

        Raises:
            ValueError: it did not succeed.
        """
        request = Request(str(uuid4()), "/bench", json.dumps({"specification": specification}).encode())
        start = await self.runs.now(request.run)
        begun = time.perf_counter()
        await self.runs.publish(request)
        acknowledged = time.perf_counter()
        ended = await self._end(request.run, start)
        # The watch and the events are two connections: the last pod may be seen a moment later.
        await asyncio.sleep(0.05)
        return Taken(begun, acknowledged, ended, self.sights.get(request.run.replace("-", ""), {}))

    async def released(self) -> None:
        """Return when all ended pods are released, so that this is no burden on what is measured next."""
        query = {"labelSelector": f"{names.TRACKED}={names.YES}", "limit": 1}
        while (await self.client.get(collection(NAMESPACE), query))["items"]:  # noqa: ASYNC110 (nobody tells us)
            await asyncio.sleep(0.1)

    async def submit(self, specification: str) -> RunId:
        """Submit a pipeline and do not wait for it."""
        request = Request(str(uuid4()), "/bench", json.dumps({"specification": specification}).encode())
        await self.runs.publish(request)
        return request.run

    async def _end(self, run: RunId, start: int) -> float:
        async for events in self.runs.follow(run, start=start):
            for event in events:
                if isinstance(event, RequestRejected) or (
                    isinstance(event, RunChanged) and event.status in FINAL and event.status != "succeeded"
                ):
                    raise ValueError(f"a run did not succeed: {event}")
                if isinstance(event, RunChanged) and event.status in FINAL:
                    return time.perf_counter()
        raise ValueError("the events have ended")

    def _see(self, pod: Any, now: float) -> None:
        named = _NAME.fullmatch(pod["metadata"]["name"])
        if named is None:
            return
        sight = self.sights.setdefault(named[1], {}).setdefault(int(named[2]), Sight(now))
        if sight.ended is None and (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            sight.ended = now

"""The floor: create the same pods in the same order and watch them end, with nothing around it."""

import asyncio
import time
from typing import Any
from uuid import uuid4

from polyflow_shared.cluster.kubernetes.client import Client, Turn
from polyflow_shared.cluster.kubernetes.pods.objects import collection
from tests.benchmarks.cluster.observer import NAMESPACE, pods, version_now

_LABEL = "bare.polyflow.io/loop"


async def loop(client: Client, *stages: int) -> float:
    """Create so many pods at once, and the next so many when all have ended; return seconds to the last end."""
    name = uuid4().hex[:8]
    ended: set[str] = set()
    moved = asyncio.Event()
    version = await version_now(client)

    async def watch() -> None:
        async for events in pods(client, {"labelSelector": f"{_LABEL}={name}"}, version):
            for event in events:
                if (event["object"].get("status") or {}).get("phase") == "Succeeded":
                    ended.add(event["object"]["metadata"]["name"])
            moved.set()

    watching = asyncio.create_task(watch())
    begun = time.perf_counter()
    wanted = 0
    for stage, count in enumerate(stages):
        await asyncio.gather(*(_create(client, name, f"{stage}-{number}") for number in range(count)))
        wanted += count
        while len(ended) < wanted:
            moved.clear()
            waiting = asyncio.create_task(moved.wait())
            await asyncio.wait([waiting, watching], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if watching.done():
                raise watching.exception() or ConnectionError("the bare loop's watch has ended")
    took = time.perf_counter() - begun
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    return took


async def _create(client: Client, loop_name: str, number: str) -> None:
    container = {"name": "main", "image": "fake", "command": ["true"]}
    pod: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"bare-{loop_name}-{number}", "labels": {_LABEL: loop_name}},
        "spec": {"restartPolicy": "Never", "containers": [container]},
    }
    await client.create(collection(NAMESPACE), pod, {}, Turn())

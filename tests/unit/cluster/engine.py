"""A process cluster in a process of its own, to be killed: `python engine.py FOLDER WORDS...`, one pod each.

Writes a line when all pods have started, and one more for each measurement and each end.
"""

import asyncio
import sys
from pathlib import Path

from polyflow_shared.cluster.port import Measurement
from polyflow_shared.cluster.processes import open_cluster
from polyflow_topics.status import POD_FINAL
from tests.contract.clusters import pod


async def main(folder: Path, *pods: str) -> None:
    cluster = await open_cluster(folder / "runs", state=folder / "pods.jsonl", workdir=folder)
    for index, words in enumerate(pods):
        await cluster.ensure(pod(words, index=index))
    print("started", flush=True)  # noqa: T201
    async for seen in cluster.watch():
        for one in seen:
            if isinstance(one, Measurement):
                for name, value in one.values.items():
                    print(f"{name}={value:.0f}", flush=True)  # noqa: T201
            elif one.status in POD_FINAL:
                print(f"{one.operation}={one.status}", flush=True)  # noqa: T201


asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))

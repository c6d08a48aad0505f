"""The floor: start the same commands in the same order, 8 at once, with nothing around them.

Run as a program of its own, so that it pays for a cold Python as well: python bare_loop.py GRAPH.json
"""

import asyncio
import json
import sys

COMMAND = "/bin/true"
AT_ONCE = 8


async def run(graph: dict[str, list[str]]) -> None:
    waits = {name: len(upstreams) for name, upstreams in graph.items()}
    downstream: dict[str, list[str]] = {name: [] for name in graph}
    for name, upstreams in graph.items():
        for upstream in upstreams:
            downstream[upstream].append(name)
    slots = asyncio.Semaphore(AT_ONCE)

    async def operation(name: str) -> None:
        async with slots:
            process = await asyncio.create_subprocess_exec(COMMAND)
            if await process.wait():
                sys.exit(f"{name} failed")
        for after in downstream[name]:
            waits[after] -= 1
            if not waits[after]:
                tasks.create_task(operation(after))

    async with asyncio.TaskGroup() as tasks:
        for name in [name for name, count in waits.items() if not count]:
            tasks.create_task(operation(name))


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        asyncio.run(run(json.load(file)))

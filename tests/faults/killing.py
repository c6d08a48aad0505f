"""Killing services at moments of chance: while they start, while they take over, while they work."""

import asyncio
import random
from collections import Counter
from typing import Final

from tests.testbed.services import ENGINE, START_LIMIT, Services

BESIDE: Final = ("gateway", "projector")
ALL: Final = (*ENGINE, *BESIDE)
"""What is killed and paused: every service."""
TWICE: Final = tuple(service for service in ALL if service != "projector")
"""Services that may have a second replica: the read model is one file."""
GROUPS: Final = tuple(service for service in TWICE if service not in ("gateway", "status_watcher"))
"""Services whose replicas share partitions."""
EFFECTORS: Final = ("spec_validator", "pod_launcher")
DECIDERS: Final = ("planner", "cache", "admission")
"""Of those with groups; the monitor, which runs on Faust, does not say what it takes over."""

WORK: Final = 3.0
"""Seconds that a service works, at most, before it is killed; as long as its start took, if that was longer."""
STARTING: Final = 3.0
"""Seconds after its start within which it is killed, where it is not waited for until it is ready."""
EARLY: Final = 0.25
"""The share of kills that come at any moment of a start, most of them before the service is ready (0 to 1)."""
_LOOK: Final = 0.1
_TAKEN: Final = '"partition_taken_over"'
_HANDLED: Final = '"message_handled"'


async def kill_again_and_again(services: Services, service: str, times: int, seed: int) -> None:
    """Kill the first replica of a service so many times, and start it again each time; it is ready at the end.

    A quarter of the kills come at any moment of a start, when connections are made, groups are joined, rows are
    restored and missed messages read; the others between any two effects of one that is at work.

    Raises:
        TimeoutError: it was not ready in time.
    """
    choose = random.Random(f"{service} {seed}")
    name = f"{service}-0"
    for _ in range(times):
        if choose.random() < EARLY:
            await asyncio.sleep(choose.uniform(0.0, STARTING))
        else:
            took = await ready(services, name)
            # On a slow machine less is done in a second, and what is never done is no test of what follows.
            await asyncio.sleep(choose.uniform(0.0, max(WORK, took)))
        await asyncio.to_thread(services.kill, name)
        services.start(service)
    await ready(services, name)


async def ready(services: Services, name: str) -> float:
    """Return when a replica is ready, and how many seconds that took.

    Raises:
        TimeoutError: it is not, in time.
    """
    begun = asyncio.get_running_loop().time()
    async with asyncio.timeout(START_LIMIT):
        while not await asyncio.to_thread(services.is_ready, name):  # noqa: ASYNC110 (it is asked over HTTP)
            await asyncio.sleep(_LOOK)
    return asyncio.get_running_loop().time() - begun


def takeovers(services: Services, *names: str) -> Counter[str]:
    """Return how often replicas of deciders have taken a partition over, by their logs."""
    logs = {name: services.log(name) for name in names}
    return Counter({name: log.read_text().count(_TAKEN) for name, log in logs.items() if log.exists()})


def assert_taken_over(services: Services, before: Counter[str], *names: str) -> None:
    """Each of these replicas of deciders has taken partitions over since `before`."""
    now = takeovers(services, *names)
    idle = [name for name in names if now[name] <= before[name]]
    assert not idle, f"{', '.join(idle)} took nothing over"


def assert_work_shared(services: Services) -> None:
    """Effectors keep nothing and say nothing of partitions: more than one replica of each has handled records."""
    for service in EFFECTORS:
        logs = {log.name: log.read_text() for log in services.folder.glob(f"{service}-[0-9]*.log")}
        idle = {name: text for name, text in logs.items() if _HANDLED not in text}
        assert len(logs) - len(idle) > 1, f"of {service} these have handled nothing: {idle}"

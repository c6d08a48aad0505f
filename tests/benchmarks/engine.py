"""The services around a broker, wired by hand, and what figures are taken from."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from polyflow_services.planner import core
from polyflow_services.planner.rows import state
from polyflow_services.pod_launcher.act import Launcher
from polyflow_services.spec_validator.core import RequestRecord
from polyflow_services.status_watcher.act import watch
from polyflow_shared.broker import codec
from polyflow_shared.broker.port import Broker, Outgoing
from polyflow_shared.clock import SystemClock
from polyflow_shared.cluster.memory import MemoryCluster
from polyflow_shared.loops.decider import Decider, Observe, run_decider
from polyflow_shared.loops.effector import run_effector
from polyflow_shared.loops.service import Shell, on_message, run_watcher
from polyflow_shared.observing.logs import log_of
from polyflow_shared.observing.metrics import MemoryMeter, Meter, NullMeter
from polyflow_topics import catalog
from polyflow_topics.message import Message
from polyflow_topics.names import ClusterName
from tests.unit.spec_validator.requests import validate

LOCAL = ClusterName("local")
CLOCK = SystemClock()
SOURCE = "/benchmark"


def plan_of(specification: Mapping[str, object], identity: str) -> list[Message]:
    """Return the plan that the validator makes of a specification."""
    body = json.dumps({"specification": specification}).encode()
    return list(validate(RequestRecord(body, SOURCE, identity, CLOCK.now())))


def encoded(messages: list[Message], at: datetime | None = None) -> list[Outgoing]:
    """Return messages as records."""
    return [codec.encode(message, source=SOURCE, at=at or CLOCK.now()) for message in messages]


async def shell(broker: Broker, service: str, meter: Meter | None = None) -> Shell:
    """Return what a loop needs around its service."""
    return Shell(service, await broker.sink(service), CLOCK, meter or NullMeter(), log_of(service))


async def planner(
    broker: Broker, *, meter: MemoryMeter | None = None, observe: Observe | None = None
) -> None:
    """Run the planner for ever."""
    decider = Decider(
        decide=core.decide,
        rows=state.CODEC,
        inbox=catalog.RUN_INBOX.name,
        changelog=catalog.PLANNER_ROWS.name,
        recovered=core.recovered,
        observe=observe,
    )
    around = await shell(broker, "planner", meter)
    await run_decider(decider, broker, around, group="polyflow-planner", member="planner-0")


async def launcher(broker: Broker, cluster: MemoryCluster) -> None:
    """Run the pod launcher for ever."""
    source = await broker.source(
        [catalog.commands_topic(LOCAL)], group="polyflow-pod_launcher-local", member="0"
    )
    act = on_message(Launcher(cluster, CLOCK).act)
    await run_effector(act, source, await shell(broker, "pod_launcher"))


async def watcher(broker: Broker, cluster: MemoryCluster) -> None:
    """Run the status watcher until the cluster is closed."""
    await run_watcher(watch(cluster, LOCAL), await shell(broker, "status_watcher"))


@asynccontextmanager
async def running(*services: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run services for as long as the block takes; one that fails ends the block as well."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(service) for service in services]
        yield
        for task in tasks:
            task.cancel()

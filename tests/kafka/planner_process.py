"""The planner as a real process that a test can let die, or stand still, after a certain step of its loop.

`python -m tests.kafka.planner_process JSON`, with the fields of `Orders`.
"""

import asyncio
import json
import os
import signal
import sys
from dataclasses import asdict, dataclass

from polyflow_services.planner import core
from polyflow_services.planner.rows import state
from polyflow_shared.broker.kafka import KafkaBroker, KafkaConfig
from polyflow_shared.clock import SystemClock
from polyflow_shared.errors import PolyflowError
from polyflow_shared.loops.decider import Decider, run_decider
from polyflow_shared.loops.service import Shell
from polyflow_shared.observing.logs import configure, log_of
from polyflow_shared.observing.metrics import NullMeter
from polyflow_topics.catalog import PLANNER_ROWS, RUN_INBOX

SESSION = 6.0
"""Seconds until a silent member's partitions go to others."""


@dataclass
class Orders:
    """What a process is told.

    Attributes:
        bootstrap: where Kafka is.
        prefix: of this test's topics.
        member: its name in the group.
        group: its consumer group.
        step: after which step something happens to it; never, if empty.
        nth: when the step comes for the nth time (>= 1).
        signal: what it sends itself then: SIGKILL, or SIGSTOP.
    """

    bootstrap: str
    prefix: str
    member: str = "one"
    group: str = "polyflow-planner"
    step: str = ""
    nth: int = 1
    signal: int = signal.SIGKILL

    def __str__(self) -> str:
        return json.dumps(asdict(self))


class Fate:
    """Counts steps, and lets the process meet what was ordered."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._left = orders.nth

    async def step(self, name: str) -> None:
        if name == self._orders.step:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), self._orders.signal)


async def run(orders: Orders) -> None:
    config = KafkaConfig(bootstrap_servers=orders.bootstrap, prefix=orders.prefix, session_timeout=SESSION)
    broker = KafkaBroker(config)
    planner = Decider(
        decide=core.decide,
        rows=state.CODEC,
        inbox=RUN_INBOX.name,
        changelog=PLANNER_ROWS.name,
        recovered=core.recovered,
        session_timeout=SESSION,
        step=Fate(orders).step,
    )
    shell = Shell("planner", await broker.sink("planner"), SystemClock(), NullMeter(), log_of("planner"))
    try:
        await run_decider(planner, broker, shell, group=orders.group, member=orders.member)
    finally:
        await broker.close()


def main() -> int:
    configure("info", "json")
    try:
        asyncio.run(run(Orders(**json.loads(sys.argv[1]))))
    except PolyflowError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

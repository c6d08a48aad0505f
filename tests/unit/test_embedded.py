"""The embedded engine: who reads what in it."""

import asyncio
from contextlib import closing
from pathlib import Path

from polyflow_services.admission.live import LiveLimits
from polyflow_services.commons import Commons
from polyflow_services.embedded import CLUSTER, Engine, common, readers
from polyflow_services.spec_validator.act import Validator
from polyflow_shared.broker.memory import MemoryBroker
from polyflow_shared.clock import SystemClock
from polyflow_shared.cluster.memory import MemoryCluster
from polyflow_shared.declared.queues import LiveQueues
from polyflow_shared.machine.home import Home
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_topics import catalog

TURNS = 50
"""Of the loop, in which all services have joined: none of them waits for anything else before."""


class Joined(MemoryBroker):
    """A broker that notes who has joined which group, for which topics."""

    def __init__(self):
        super().__init__()
        self.groups = {}

    async def source(self, topics, *, group, member, ownership=None):
        for topic in topics:
            self.groups.setdefault(topic, set()).add(group)
        return await super().source(topics, group=group, member=member, ownership=ownership)


async def test_what_leaves_the_memory_is_what_all_groups_that_read_it_have_done_with(tmp_path):
    clock, broker, cluster = SystemClock(), Joined(), MemoryCluster()
    commons = Commons(Home(tmp_path), "run", common(LiveLimits(LiveQueues(None, None))), clock)
    with closing(SqliteReadModel.open(Path(":memory:"))) as model:
        engine = Engine(broker, cluster, model=model, clock=clock, validator=Validator(), commons=commons)
        await engine.start()
        for _ in range(TURNS):
            await asyncio.sleep(0)
        await engine.close()
    assert broker.groups == readers()


def test_rows_of_deciders_stay_and_commands_have_the_name_of_their_topic():
    assert {catalog.PLANNER_ROWS.name, catalog.MONITOR_ROWS.name} & readers().keys() == set()
    assert readers()[catalog.commands_topic(CLUSTER)] == {"polyflow-pod_launcher"}
    assert readers()[catalog.RUN_EVENTS.name] == {"polyflow-projector"}

"""The spec validator on Kafka, as a process of its own."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence

from polyflow_services.spec_validator.act import Validator
from polyflow_services.spec_validator.core import Installation
from polyflow_services.spec_validator.settings import SpecValidatorSettings
from polyflow_shared.broker.access import group_of
from polyflow_shared.broker.port import Record
from polyflow_shared.declared.connections.catalogue import EMPTY, load
from polyflow_shared.declared.queues import LiveQueues, Queues
from polyflow_shared.hosting.process import serve, surroundings
from polyflow_shared.loops.effector import run_effector
from polyflow_shared.loops.service import Act, first_failure
from polyflow_shared.observing.metrics import REJECTIONS, Meter
from polyflow_topics.catalog import PIPELINE_REQUESTS, commands_topic
from polyflow_topics.events import RequestRejected
from polyflow_topics.message import Message
from polyflow_topics.names import ClusterName

SERVICE = "spec_validator"


async def run(settings: SpecValidatorSettings) -> None:
    """Answer requests until told to end."""
    connections = load(settings.connections) if settings.connections else EMPTY
    queues = LiveQueues(settings.queues, settings.max_concurrency)
    validator = Validator(Installation(settings.clusters, connections, queues.now), settings.places)
    async with surroundings(SERVICE, settings, clusters=sorted(settings.clusters)) as around:
        for cluster in settings.clusters:
            # A plan for a cluster without commands would end the planner.
            await around.broker.partitions(commands_topic(ClusterName(cluster)))
        source = await around.broker.source(
            [PIPELINE_REQUESTS.name], group=group_of(SERVICE), member=settings.member
        )
        answering = run_effector(counted(validator.act, around.shell.meter), source, around.shell)
        watching = keep_up(validator, queues.changes(around.clock, around.shell.log))
        await first_failure({asyncio.ensure_future(one) for one in (answering, watching)})


async def keep_up(validator: Validator, changes: AsyncIterator[Queues]) -> None:
    """Let a validator know queues and limits as they change, for ever."""
    async for queues in changes:
        validator.know(queues)


def counted(act: Act, meter: Meter) -> Act:
    """Return the same act, which counts rejections by the code of their first problem."""

    async def act_and_count(record: Record) -> Sequence[Message]:
        answers = await act(record)
        for answer in answers:
            if isinstance(answer, RequestRejected):
                meter.count(REJECTIONS, code=answer.problems[0].code)
        return answers

    return act_and_count


def main() -> int:
    """Run the service; return the exit status."""
    return serve(SERVICE, SpecValidatorSettings, run)


if __name__ == "__main__":
    sys.exit(main())

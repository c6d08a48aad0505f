"""Admission on Kafka, as a process of its own."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence

from polyflow_services.admission.core import recovered
from polyflow_services.admission.live import LiveLimits
from polyflow_services.admission.settings import AdmissionSettings
from polyflow_services.admission.state import CODEC
from polyflow_shared.broker.access import group_of
from polyflow_shared.declared.queues import LiveQueues
from polyflow_shared.hosting.process import serve, surroundings
from polyflow_shared.loops.decider import Decider, run_decider
from polyflow_shared.loops.service import Shell, first_failure, send
from polyflow_topics.catalog import ADMISSION_REQUESTS, ADMISSION_ROWS
from polyflow_topics.message import Message

SERVICE = "admission"


async def run(settings: AdmissionSettings) -> None:
    """Decide until told to end."""
    limits = LiveLimits(LiveQueues(settings.queues, settings.max_concurrency))
    async with surroundings(SERVICE, settings) as around:
        admission = Decider(
            decide=limits.decide,
            rows=CODEC,
            inbox=ADMISSION_REQUESTS.name,
            changelog=ADMISSION_ROWS.name,
            recovered=recovered,
            session_timeout=settings.session_timeout,
        )
        deciding = run_decider(
            admission, around.broker, around.shell, group=group_of(SERVICE), member=settings.member
        )
        watching = keep_up(limits.changes(around.clock, around.shell.log), around.shell)
        await first_failure({asyncio.ensure_future(one) for one in (deciding, watching)})


async def keep_up(changes: AsyncIterator[Sequence[Message]], shell: Shell) -> None:
    """Say what changes to ourselves, for ever.  That the loop goes round only the loop itself can say."""
    async for messages in changes:
        await send(messages, shell)


def main() -> int:
    """Run the service; return the exit status."""
    return serve(SERVICE, AdmissionSettings, run)


if __name__ == "__main__":
    sys.exit(main())

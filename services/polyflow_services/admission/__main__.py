"""Admission on Kafka, as a process of its own."""

import sys
from functools import partial

from polyflow_services.admission.core import decide, limits_of, recovered
from polyflow_services.admission.settings import AdmissionSettings
from polyflow_services.admission.state import CODEC
from polyflow_shared.broker.access import group_of
from polyflow_shared.decider import Decider, run_decider
from polyflow_shared.process import serve, surroundings
from polyflow_shared.queues import load
from polyflow_topics.catalog import ADMISSION_REQUESTS, ADMISSION_ROWS

SERVICE = "admission"


async def run(settings: AdmissionSettings) -> None:
    """Decide until told to end."""
    limits = limits_of(load(settings.queues, settings.max_concurrency))
    async with surroundings(SERVICE, settings) as around:
        admission = Decider(
            decide=partial(decide, limits=limits),
            rows=CODEC,
            inbox=ADMISSION_REQUESTS.name,
            changelog=ADMISSION_ROWS.name,
            recovered=recovered,
            session_timeout=settings.session_timeout,
        )
        await run_decider(
            admission, around.broker, around.shell, group=group_of(SERVICE), member=settings.member
        )


def main() -> int:
    """Run the service; return the exit status."""
    return serve(SERVICE, AdmissionSettings, run)


if __name__ == "__main__":
    sys.exit(main())

"""The cache on Kafka, as a process of its own."""

import sys
from functools import partial

from polyflow_services.cache.core import decide
from polyflow_services.cache.settings import CacheSettings
from polyflow_services.cache.state import CODEC
from polyflow_shared.broker.access import group_of
from polyflow_shared.hosting.process import serve, surroundings
from polyflow_shared.loops.decider import Decider, run_decider
from polyflow_topics.catalog import CACHE_REQUESTS, CACHE_ROWS

SERVICE = "cache"


async def run(settings: CacheSettings) -> None:
    """Decide until told to end."""
    async with surroundings(SERVICE, settings) as around:
        cache = Decider(
            decide=partial(decide, room=settings.cache_bytes),
            rows=CODEC,
            inbox=CACHE_REQUESTS.name,
            changelog=CACHE_ROWS.name,
            session_timeout=settings.session_timeout,
        )
        await run_decider(cache, around.broker, around.shell, group=group_of(SERVICE), member=settings.member)


def main() -> int:
    """Run the service; return the exit status."""
    return serve(SERVICE, CacheSettings, run)


if __name__ == "__main__":
    sys.exit(main())

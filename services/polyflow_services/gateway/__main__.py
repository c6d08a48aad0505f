"""The gateway on Kafka, as a process of its own."""

import sys
from functools import partial

from polyflow_services.gateway.act import Ingestion, Limits
from polyflow_services.gateway.connections import Doors
from polyflow_services.gateway.settings import GatewaySettings
from polyflow_services.gateway.web import application, listening
from polyflow_shared.hosting.process import serve, surroundings
from polyflow_shared.loops.service import ROUND
from polyflow_shared.observing.metrics import GATEWAY_REQUESTS

SERVICE = "gateway"


async def run(settings: GatewaySettings) -> None:
    """Take requests until told to end."""
    key = settings.token_key.get_secret_value().encode()
    limits = Limits(settings.requests_per_second, settings.requests_at_once)
    async with surroundings(SERVICE, settings) as around:
        app = application(Ingestion(around.shell, key, limits), around.shell)
        refused = partial(around.shell.meter.count, GATEWAY_REQUESTS, code="503")
        doors = Doors(most=2 * settings.requests_at_once, refused=refused)
        async with listening(app, settings.gateway_host, settings.gateway_port, doors) as address:
            around.shell.log.info("gateway_listens", address=address)
            while True:
                around.shell.beat()
                await around.clock.sleep(ROUND)


def main() -> int:
    """Run the service; return the exit status."""
    return serve(SERVICE, GatewaySettings, run)


if __name__ == "__main__":
    sys.exit(main())

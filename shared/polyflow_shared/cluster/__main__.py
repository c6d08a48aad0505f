"""The process cluster, as a process of its own: operations run as processes on this machine."""

import sys

from polyflow_shared.cluster.daemon import serve_cluster
from polyflow_shared.cluster.settings import ProcessClusterSettings
from polyflow_shared.hosting.process import serve
from polyflow_shared.machine.home import Home
from polyflow_shared.observing.logs import log_of

SERVICE = "process_cluster"


async def run(settings: ProcessClusterSettings) -> None:
    """Run pods until told to end; then end those that still run."""
    socket = settings.cluster_socket
    socket.parent.mkdir(parents=True, exist_ok=True)
    log_of(SERVICE).info("service_started", socket=str(socket), runs=str(Home(settings.home).runs))
    await serve_cluster(
        Home(settings.home).runs,
        state=socket.with_suffix(".ledger"),
        socket=socket,
        workdir=settings.workdir,
    )


def main() -> int:
    """Run the cluster; return the exit status."""
    return serve(SERVICE, ProcessClusterSettings, run)


if __name__ == "__main__":
    sys.exit(main())

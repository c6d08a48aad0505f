"""Fake nodes that can die: they have a KWOK of their own, which can be killed as a machine loses its power."""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from tests.testbed.kubernetes.api import ApiError
from tests.testbed.kubernetes.control import ControlPlane, fake_node, kwok
from tests.testbed.processes import TestbedError, end_process, free_ports, start

READY_LIMIT: Final = 30.0
"""Seconds for a node to be ready."""


@dataclass
class MortalNodes:
    """Nodes of one machine.

    Attributes:
        names: of the nodes.
        pid: of what plays them, while it runs.
    """

    plane: ControlPlane
    names: Sequence[str]
    pid: int | None = None

    def start(self) -> None:
        """Let them join, and return when pods can be placed on them.

        Raises:
            TestbedError: one is not ready in time.
        """
        command = kwok(self.plane.kubeconfig_of("kwok"), self.names[0], free_ports(1)[0])
        self.pid = start(command, self.plane.folder / f"{self.names[0]}.log").pid
        for name in self.names:
            self.plane.api.create("/api/v1/nodes", fake_node(name, keeper=self.names[0]))
        end = time.monotonic() + READY_LIMIT
        while not all(self.condition(name) == "True" and not self.taints(name) for name in self.names):
            if time.monotonic() > end:
                raise TestbedError(f"{', '.join(self.names)}: not ready after {READY_LIMIT:g} s")
            time.sleep(0.1)

    def die(self) -> None:
        """Lose the power: from now on nobody hears of them, nor of the pods on them."""
        if self.pid is not None:
            end_process(self.pid, signal.SIGKILL)
        self.pid = None

    def leave(self) -> None:
        """Remove them from the cluster, as a cloud does whose machine is gone."""
        for name in self.names:
            with suppress(ApiError):
                self.plane.api.delete(f"/api/v1/nodes/{name}")

    def condition(self, name: str) -> str:
        """Return whether a node is ready: `True`, `False`, `Unknown`, or nothing."""
        conditions = self._node(name).get("status", {}).get("conditions", ())
        return next((str(one["status"]) for one in conditions if one["type"] == "Ready"), "")

    def taints(self, name: str) -> Sequence[Any]:
        """Return what keeps pods off a node."""
        return self._node(name)["spec"].get("taints") or ()

    def _node(self, name: str) -> Any:
        return self.plane.api.get(f"/api/v1/nodes/{name}")


@contextmanager
def mortal_nodes(plane: ControlPlane, *names: str) -> Iterator[MortalNodes]:
    """Yield nodes that are ready; they are gone when the context ends."""
    nodes = MortalNodes(plane, names)
    try:
        nodes.start()
        yield nodes
    finally:
        nodes.die()
        nodes.leave()

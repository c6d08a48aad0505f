"""When a watch was heard last: a metric, and whether its service is ready."""

from collections.abc import Callable, Sequence

from polyflow_shared.clock import Clock
from polyflow_shared.observing.metrics import WATCH_HEARD, Meter


def _nobody() -> None:
    return


class Pulse:
    """Notes what a watch hears of each namespace."""

    def __init__(self, clock: Clock, meter: Meter, ready: Callable[[], None] = _nobody) -> None:
        """Take over the parts.

        Args:
            clock: what time it is.
            meter: shows when each namespace was heard.
            ready: called once each of them was listed.
        """
        self._clock = clock
        self._meter = meter
        self._ready = ready
        self._awaited: set[str] = set()

    def expect(self, namespaces: Sequence[str]) -> None:
        """Begin with these, which are overdue from now on; with none, all is heard that there is."""
        self._awaited = set(namespaces)
        for namespace in namespaces:
            self._note(namespace)
        if not namespaces:
            self._ready()

    def heard(self, namespace: str) -> None:
        """Note that all pods of a namespace were listed, or that its watch lives."""
        self._note(namespace)
        if namespace in self._awaited:
            self._awaited.discard(namespace)
            if not self._awaited:
                self._ready()

    def _note(self, namespace: str) -> None:
        self._meter.set(WATCH_HEARD, self._clock.now().timestamp(), namespace=namespace)

"""Names of pods that were released so lately that a launch of them may still come: they start nothing again.

A command is delivered again after a crash, also behind the release of its pod.
"""

from collections.abc import ItemsView, Mapping
from datetime import datetime, timedelta
from typing import Final

from polyflow_shared.clock import Clock
from polyflow_topics.names import PodName

LATE: Final = timedelta(seconds=600)
"""How late a launch may come and still be obeyed; the pod launcher refuses older ones."""
KEPT: Final = LATE + timedelta(seconds=120)
"""How long the name of a released pod stays taken: a cluster may be late with what it was asked in time."""


class Released:
    """When pods were released, for as long as it matters."""

    def __init__(self, clock: Clock) -> None:
        """Know of none."""
        self._clock = clock
        self._at: dict[PodName, datetime] = {}

    def restore(self, known: Mapping[PodName, datetime]) -> None:
        """Take over what an earlier cluster knew, the oldest first."""
        self._at.update(known)
        self._forget()

    def add(self, name: PodName) -> datetime:
        """Note that a pod is released now; return when that is."""
        self._forget()
        at = self._at[name] = self._clock.now()
        return at

    def items(self) -> ItemsView[PodName, datetime]:
        """Return the names with the times of their release, the oldest first."""
        return self._at.items()

    def __contains__(self, name: PodName) -> bool:
        at = self._at.get(name)
        return at is not None and self._clock.now() - at <= KEPT

    def _forget(self) -> None:
        now = self._clock.now()
        while self._at and now - next(iter(self._at.values())) > KEPT:
            del self._at[next(iter(self._at))]

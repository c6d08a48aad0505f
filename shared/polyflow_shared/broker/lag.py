"""How far a service is behind, by topic and partition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from polyflow_shared.broker.port import Place
from polyflow_shared.observing.metrics import LAG, Meter


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a consumer group has come with a partition, in offsets.

    Attributes:
        next: of the record that the group goes on from.
        end: behind the last record.
    """

    next: int
    end: int

    @property
    def lag(self) -> int:
        """Records that were not handled yet."""
        return max(0, self.end - self.next)


class Stalls:
    """Tells partitions that have records of which none is handled for long."""

    def __init__(self, limit: float) -> None:
        """Begin with nothing seen; `limit` is in seconds (> 0)."""
        self._limit = limit
        self._since: dict[Place, tuple[int, float]] = {}

    def look(self, standing: Mapping[Place, Standing], now: float) -> Sequence[Place]:
        """Return the partitions that have stood still for longer than the limit.

        Args:
            standing: of the partitions that are owned.
            now: seconds of a monotonic clock.
        """
        before = self._since
        self._since = {
            place: before[place] if self._stands(place, one) else (one.next, now)
            for place, one in standing.items()
        }
        return [place for place, (_, since) in self._since.items() if now - since > self._limit]

    def forget(self) -> None:
        """Count from the next look on: what was seen before tells nothing."""
        self._since = {}

    def _stands(self, place: Place, one: Standing) -> bool:
        return one.lag > 0 and place in self._since and self._since[place][0] == one.next


class LagGauge:
    """Shows the lag of the partitions that a service owns, and of no others."""

    def __init__(self, meter: Meter, service: str) -> None:
        """Show nothing yet."""
        self._meter = meter
        self._service = service
        self._shown: frozenset[Place] = frozenset()

    def show(self, lag: Mapping[Place, int]) -> None:
        """Show these numbers of records; a partition that is not among them has moved away."""
        for topic, number in self._shown - lag.keys():
            self._meter.forget(LAG, service=self._service, topic=topic, partition=str(number))
        for (topic, number), records in lag.items():
            self._meter.set(LAG, records, service=self._service, topic=topic, partition=str(number))
        self._shown = frozenset(lag)

"""How far a service is behind, by topic and partition."""

from collections.abc import Mapping

from polyflow_shared.broker.port import Place
from polyflow_shared.metrics import LAG, Meter


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

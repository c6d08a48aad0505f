"""The meter that Prometheus reads.  The only module that imports `prometheus_client`."""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from polyflow_shared.observing.metrics import CATALOG, Metric


class PrometheusMeter:
    """Keeps all metrics of the catalogue in a registry of its own."""

    active = True

    def __init__(self) -> None:
        """Create every metric, so that a dashboard finds all of them from the start."""
        self._registry = CollectorRegistry()
        self._metrics: dict[str, Any] = {metric.name: self._made(metric) for metric in CATALOG}

    def count(self, metric: Metric, amount: float = 1.0, /, **labels: str) -> None:
        """Add to a counter."""
        self._child(metric, labels).inc(amount)

    def set(self, metric: Metric, value: float, /, **labels: str) -> None:
        """Set a gauge."""
        self._child(metric, labels).set(value)

    def add(self, metric: Metric, amount: float, /, **labels: str) -> None:
        """Move a gauge up or down."""
        self._child(metric, labels).inc(amount)

    def forget(self, metric: Metric, /, **labels: str) -> None:
        """Show a gauge with these labels no more."""
        self._metrics[metric.name].remove_by_labels(labels)

    def observe(self, metric: Metric, value: float, /, **labels: str) -> None:
        """Add a value to a histogram."""
        self._child(metric, labels).observe(value)

    def exposition(self) -> bytes:
        """Return all values in Prometheus' text format."""
        return generate_latest(self._registry)

    def _child(self, metric: Metric, labels: dict[str, str]) -> Any:
        found = self._metrics[metric.name]
        return found.labels(**labels) if metric.labels else found

    def _made(self, metric: Metric) -> Any:
        if metric.kind == "histogram":
            return Histogram(
                metric.name, metric.help, metric.labels, buckets=metric.buckets, registry=self._registry
            )
        kind = Counter if metric.kind == "counter" else Gauge
        return kind(metric.name, metric.help, metric.labels, registry=self._registry)

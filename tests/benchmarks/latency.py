"""How long something took, over many times: the middle and the slowest."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from tests.benchmarks.table import Row


@dataclass(frozen=True)
class Spread:
    """Milliseconds: half of the samples took at most `p50`, 99 % at most `p99`."""

    p50: float
    p99: float

    @classmethod
    def of(cls, milliseconds: Sequence[float]) -> "Spread":
        """Return the spread of samples (>= 2)."""
        return cls(median(milliseconds), quantiles(milliseconds, n=100, method="inclusive")[98])

    def row(self, title: str, goal: "Spread") -> Row:
        """Return the row of the table."""
        met = self.p50 <= goal.p50 and self.p99 <= goal.p99
        return Row(title, "-", "-", f"{self} ms", f"≤ {goal} ms", met)

    def __str__(self) -> str:
        return f"{self.p50:.1f} / {self.p99:.1f}"

"""What a scenario came to in numbers, and the table of all scenarios of a session."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_HEAD: Final = ("scenario", "runs", "pods", "messages", "faults", "ends", "violations")


@dataclass(frozen=True, slots=True)
class Figures:
    """One scenario.

    Attributes:
        scenario: its name.
        runs: that were requested.
        pods: that were created for them.
        messages: on all topics, at the end.
        faults: that were made, by kind.
        ends: services that have ended by themselves.
        violations: promises that were broken, of those that the verifier knows.
    """

    scenario: str
    runs: int
    pods: int
    messages: int
    faults: Counter[str]
    ends: int
    violations: int

    def __str__(self) -> str:
        made = ", ".join(f"{count} × {kind}" for kind, count in sorted(self.faults.items())) or "no faults"
        counts = f"{self.runs} runs, {self.pods} pods, {self.messages} messages"
        ended = f"{self.ends} services ended by themselves"
        return f"{self.scenario}: {counts}, {made}, {ended}: {self.violations} violations"


def table(all_of_them: Sequence[Figures]) -> Iterator[str]:
    """Yield the lines of a table, with the sums in the last."""
    width = max(len(one.scenario) for one in all_of_them)
    rows = [
        (one.runs, one.pods, one.messages, one.faults.total(), one.ends, one.violations)
        for one in all_of_them
    ]
    yield _line(_HEAD[0], width, _HEAD[1:])
    for one, row in zip(all_of_them, rows, strict=True):
        yield _line(one.scenario, width, [f"{number:,}" for number in row])
    yield _line("all", width, [f"{sum(column):,}" for column in zip(*rows, strict=True)])


def _line(name: str, width: int, cells: Sequence[str]) -> str:
    return f"{name:<{width}}" + "".join(f"{cell:>12}" for cell in cells)

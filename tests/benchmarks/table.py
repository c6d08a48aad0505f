"""The table that `make bench` prints, and what the machine is."""

import os
import platform
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One line of the table; `-` stands where there is nothing to compare with."""

    workload: str
    floor: str
    other: str
    """The figure of another engine of the kind."""
    polyflow: str
    goal: str
    met: bool


def seconds(value: float) -> str:
    """Return seconds as they stand in the table."""
    return f"{value:.2f} s"


def render(rows: Sequence[Row], other: str = "Luigi or Polyaxon") -> str:
    """Return the table in Markdown, its columns lined up; `other` is who else is in it."""
    head = ("workload", "bare loop", other, "polyflow", "goal", "met?")
    cells = [head, *([*map(str, astuple(row)[:5]), "yes" if row.met else "NO"] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def machine() -> str:
    """Return what figures depend on, in one line."""
    load = os.getloadavg()[0]
    parts = [
        f"{os.cpu_count()} cores",
        _processor(),
        f"Python {platform.python_version()} ({_build()})",
        platform.system(),
    ]
    return ", ".join([*parts, platform.release(), f"load {load:.1f}"])


def _build() -> str:
    """Return how Python was built: profile-guided optimisation makes some figures a seventh better."""
    if "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or ""):
        return "optimised"
    # Distributions optimise by other ways, which Python does not tell.
    return "the system's" if sys.base_prefix == "/usr" else "not optimised"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    text = information.read_text() if information.exists() else ""
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()

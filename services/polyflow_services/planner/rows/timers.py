"""The names of a run's timers: those of the run, and those of one operation, which are KIND/NUMBER."""

from datetime import datetime, timedelta
from typing import Final

CLOCKS_DIFFER: Final = timedelta(minutes=1)
"""By how much the log may date a later record earlier; what is farther off was dated by a wrong clock."""

RECHECK: Final = "recheck"
"""After which the sweep of this name begins."""
RECOVER: Final = "recover"
"""Likewise: the planner was started again soon after an earlier start."""
STOP: Final = "stop"
"""Until which a stop waits for its run."""
EARLY: Final = "early"
"""Until which other requests wait for their run."""
UPLOAD: Final = "upload"
"""Until which a run waits for its files."""
STUB: Final = "stub"
"""Until which the id of an ended run stays known."""

RETRY: Final = "retry"
"""An operation's next attempt begins."""
LAUNCH: Final = "launch"
"""A launch that was refused for now is asked for again."""
IMAGE: Final = "image"
"""An attempt has waited too long for its image."""
OUTPUTS: Final = "outputs"
"""An end has waited too long for its outputs."""


def of_operation(kind: str, index: int) -> str:
    """Return the name of an operation's timer."""
    return f"{kind}/{index}"


def split(name: str) -> tuple[str, int] | None:
    """Return kind and number of an operation's timer; None for a timer of the run."""
    kind, _, number = name.partition("/")
    return (kind, int(number)) if number else None


def clock_time(due: datetime) -> str:
    """Return when a timer fires as people read it: UTC, to the second."""
    return due.isoformat(timespec="seconds").replace("+00:00", "Z")

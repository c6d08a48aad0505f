"""The names of sweeps, walks in bounded steps: those of a run, and those of a scope, which are KIND/NUMBER.

They are what messages of the planner to itself are told apart by, so a name stays what it is.
"""

from typing import Final

from polyflow_services.planner.rows import state

CLOSE: Final = "close"
"""Of a scope: ends what is going on in it."""
START: Final = "start"
"""Of a scope: gives its free slots to what waits for one."""

LAUNCH: Final = "launch"
"""Launches what waits for the cluster to answer earlier launches of the run."""
GIVE_BACK: Final = "give-back"
"""Returns the slots under limits of the installation that operations of a paused run hold."""
RECHECK: Final = "recheck"
"""Asks about operations that were not heard of."""
RECOVER: Final = "recover"
"""Asks about all that is open: the planner was started again."""
FORGET: Final = "forget"
"""Removes the rows of a run that has ended."""
CLEAR: Final = "clear"
"""Removes the rows of a plan that is replaced, or of a run's former life."""


def of_scope(kind: str, number: int) -> str:
    """Return the name of a sweep over a scope."""
    return f"{kind}/{number}"


def split(name: str) -> tuple[str, int]:
    """Return kind and number of a sweep over a scope; of one over the run there is no number."""
    kind, _, number = name.partition("/")
    return kind, int(number) if number else state.NONE

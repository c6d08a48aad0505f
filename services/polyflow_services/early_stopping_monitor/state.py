"""What the monitor remembers: the policies of runs that go on, what is compared, and what was told to stop.

Rows of policies are written once, when they are declared; what changes later has counters or a few values.
"""

from typing import Final

import msgspec

from polyflow_shared.deciding.rows import Row, RowCodec


class Policy(msgspec.Struct, frozen=True, array_like=True):
    """Stop a scope as soon as a metric of one of its operations reaches a value."""

    metric: str
    value: float
    """In the metric's own unit; reaching it counts."""
    maximize: bool
    comparison: "Compared | None" = None
    """Stop single operations instead, by this."""


class Compared(msgspec.Struct, frozen=True, array_like=True):
    """How operations are compared; see `polyflow_topics.metrics.Comparison`."""

    kind: str
    percent: float
    interval: int
    first: int
    samples: int


class ScopesRow(Row, frozen=True, array_like=True, tag="scopes.v1"):
    """The scopes of a run that have policies; read when the run has ended."""

    names: tuple[str, ...]


class PoliciesRow(Row, frozen=True, array_like=True, tag="policies.v1"):
    """The policies of one scope."""

    policies: tuple[Policy, ...]


class StoppedRow(Row, frozen=True, array_like=True, tag="stopped.v1"):
    """A scope was told to stop."""


class CurveRow(Row, frozen=True, array_like=True, tag="curve.v1"):
    """What an operation has measured so far, as far as comparisons need it."""

    attempt: int
    line: int
    """Of its last value; what is not above is a repetition."""
    count: int
    """Values of this attempt."""
    best: float
    total: float
    """Their sum, from which the mean comes."""
    looks: int = 0
    """Looks at it so far, over all attempts."""
    stopped: bool = False


class LookRow(Row, frozen=True, array_like=True, tag="look.v1"):
    """How operations stood that have come as far as a certain look."""

    count: int
    best: float


class SamplesRow(Row, frozen=True, array_like=True, tag="samples.v1"):
    """Some of their values at that look."""

    values: tuple[float, ...]


class TallyRow(Row, frozen=True, array_like=True, tag="tally.v1"):
    """How many operations and looks a comparison has rows for."""

    operations: int = 0
    looks: int = 0


class MemberRow(Row, frozen=True, array_like=True, tag="member.v1"):
    """The name of an operation that has a curve; written once."""

    operation: str


class ClosingRow(Row, frozen=True, array_like=True, tag="closing.v1"):
    """The run has ended, and its rows are being removed."""

    scope: int = 0
    """The place, among those that have policies, of the first scope that still has rows."""


CODEC: Final = RowCodec(
    (ScopesRow, PoliciesRow, StoppedRow, CurveRow, LookRow, SamplesRow, TallyRow, MemberRow, ClosingRow)
)


def scopes_key(run: str) -> str:
    """Return the key of the names of a run's scopes that have policies."""
    return f"{run}/scopes"


def closing_key(run: str) -> str:
    """Return the key of how far the rows of a run that has ended are removed."""
    return f"{run}/closing"


def policies_key(run: str, scope: str) -> str:
    """Return the key of a scope's policies."""
    return f"{run}/policies/{scope}"


def stopped_key(run: str, scope: str) -> str:
    """Return the key of the mark that a scope was told to stop."""
    return f"{run}/stopped/{scope}"


def comparison_key(run: str, scope: str, number: int) -> str:
    """Return what the keys of a comparison's rows begin with: those of one policy of a scope."""
    return f"{run}/compared/{number}/{scope}"


def curve_key(comparison: str, operation: str) -> str:
    """Return the key of what an operation has measured."""
    return f"{comparison}/curve/{operation}"


def look_key(comparison: str, look: int) -> str:
    """Return the key of how operations stood at a look."""
    return f"{comparison}/look/{look}"


def samples_key(comparison: str, look: int, chunk: int) -> str:
    """Return the key of some of their values at a look."""
    return f"{comparison}/look/{look}/{chunk}"


def member_key(comparison: str, number: int) -> str:
    """Return the key of the name of an operation that has a curve."""
    return f"{comparison}/member/{number}"

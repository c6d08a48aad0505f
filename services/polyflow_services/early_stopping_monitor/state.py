"""What the monitor remembers: the policies of runs that go on, and which scopes it has told to stop.

Rows of policies are written once, when they are declared; what changes later is a mark of a few bytes.
"""

from typing import Final

import msgspec

from polyflow_shared.rows import Row, RowCodec


class Policy(msgspec.Struct, frozen=True, array_like=True):
    """Stop a scope as soon as a metric of one of its operations reaches a value."""

    metric: str
    value: float
    """In the metric's own unit; reaching it counts."""
    maximize: bool


class ScopesRow(Row, frozen=True, array_like=True, tag="scopes.v1"):
    """The scopes of a run that have policies; read when the run has ended."""

    names: tuple[str, ...]


class PoliciesRow(Row, frozen=True, array_like=True, tag="policies.v1"):
    """The policies of one scope."""

    policies: tuple[Policy, ...]


class StoppedRow(Row, frozen=True, array_like=True, tag="stopped.v1"):
    """A scope was told to stop."""


CODEC: Final = RowCodec((ScopesRow, PoliciesRow, StoppedRow))


def scopes_key(run: str) -> str:
    """Return the key of the names of a run's scopes that have policies."""
    return f"{run}/scopes"


def policies_key(run: str, scope: str) -> str:
    """Return the key of a scope's policies."""
    return f"{run}/policies/{scope}"


def stopped_key(run: str, scope: str) -> str:
    """Return the key of the mark that a scope was told to stop."""
    return f"{run}/stopped/{scope}"

"""What the monitor remembers: the policies of each run that goes on, and which scopes it has stopped."""

from typing import Final

import msgspec

from polyflow_shared.rows import Row, RowCodec


class Policy(msgspec.Struct, frozen=True, array_like=True):
    """Stop a scope as soon as a metric of one of its operations reaches a value."""

    scope: str
    """Empty for the whole run."""
    metric: str
    value: float
    """In the metric's own unit; reaching it counts."""
    maximize: bool


class PoliciesRow(Row, frozen=True, array_like=True, tag="policies.v1"):
    """The policies of one run.  Written when they are declared, and when one of them is met."""

    policies: tuple[Policy, ...]
    stopped: tuple[str, ...] = ()
    """Scopes that were told to stop."""


CODEC: Final = RowCodec((PoliciesRow,))

"""What was found: a reason of the catalogue with what happened, as sentences.  Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from polyflow_shared.cluster.kubernetes.pods.failures.catalog import REASONS

LONGEST: Final = 600
"""Characters of somebody else's text that a message repeats, at most."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a pod has ended, or does not go on.

    Attributes:
        reason: a word of the catalogue.
        happened: what happened, and to which container; no full stop.
        at: when, where that is known.
        remedy: what to do about it, where it is known better than by the reason alone.
        blameless: set where the cluster is to blame against what the catalogue says of the reason, or is not.
        said: the last words of the container itself.
    """

    reason: str
    happened: str
    at: datetime | None = None
    remedy: str = ""
    blameless: bool | None = None
    said: str = ""
    exit_code: int | None = None
    lost: bool = False
    """Whether nobody knows how the container ended."""

    @property
    def infrastructure(self) -> bool:
        """Whether the cluster, and neither the program nor its specification, is to blame."""
        return REASONS[self.reason].infrastructure if self.blameless is None else self.blameless

    @property
    def message(self) -> str:
        """What happened and what to do, then the container's last words."""
        told = f"{self.happened}; {self.remedy or REASONS[self.reason].remedy}"
        return f"{told}\nit says at its end:\n{self.said}" if self.said else told


def short(text: str) -> str:
    """Return somebody else's text on one line, cut where it is too long."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 2]} …"

"""What is said of a run that comes from another one."""

from collections.abc import Mapping, Sequence
from typing import Final

from polyflow_topics.origins import Lineage, OriginKind

SHOWN: Final = 10
"""Operations that are named."""
_BEGUN: Final[Mapping[OriginKind, str]] = {
    "restart": "restarted from run {run}",
    "copy": "copied from run {run}",
    "resume": "resumed",
    "rerun": "rerun of run {run} from {operation} on",
    "hook": "follows the end of run {run}",
}


def note(lineage: Lineage, kept: int, anew: Sequence[tuple[str, str]]) -> str:
    """Return a sentence about where a run comes from and what it keeps.

    Args:
        lineage: where it comes from.
        kept: how many operations it keeps.
        anew: names and reasons of those that it could have kept and does not.
    """
    begun = _BEGUN[lineage.kind].format(run=lineage.run, operation=lineage.operation)
    if lineage.kind == "hook" and lineage.operation:
        begun = f"follows the end of {lineage.operation} in run {lineage.run}"
    said = [begun]
    if lineage.kept:
        said.append(f"operations kept: {kept}")
    if anew:
        named = ", ".join(f"{name} ({reason})" for name, reason in anew[:SHOWN])
        more = f" and {len(anew) - SHOWN} more" if len(anew) > SHOWN else ""
        said.append(f"anew though they had ended well: {named}{more}")
    return "; ".join(said)

"""Which findings still hold where wrong fields were cut out of a specification before it was compiled.

A user sees all that is wrong in one go, and nothing that is only wrong because of a cut.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path

_ANYWHERE: Final = frozenset({Code.UNKNOWN_ENTRY, Code.TYPE_MISMATCH, Code.UNKNOWN_PARAM})
"""In doubt wherever the cut was: what they miss may be declared in another operation."""

_NEARBY: Final = frozenset(
    {Code.MISSING_PARAM, Code.TEMPLATE_NAME, Code.NO_DEFINITION, Code.NO_CONTAINER, Code.NO_OPERATIONS}
)
"""In doubt where the cut was in the same operation, or either was in a component."""

_OF_NAMES: Final = frozenset({Code.UNKNOWN_UPSTREAM, Code.UNNAMED, Code.UNKNOWN_COMPONENT})
"""In doubt where an operation or its name was cut out."""


def certain(found: Sequence[Finding], cut: Sequence[Finding]) -> Iterator[Finding]:
    """Yield those of `found` that do not follow from `cut`, the findings about fields that were cut out."""
    owners = {_owner(finding.path) for finding in cut}
    names = any(_hides_name(finding.path) for finding in cut)
    for finding in found:
        if not cut or not _doubtful(finding, owners, names):
            yield finding


def _doubtful(finding: Finding, owners: set[Path], names: bool) -> bool:
    if finding.code in _NEARBY:
        owner = _owner(finding.path)
        return owner in owners or "components" in owner or any("components" in other for other in owners)
    return finding.code in _ANYWHERE or (names and finding.code in _OF_NAMES)


def _owner(path: Path) -> Path:
    """Return the path of the innermost operation or component that a path leads into."""
    ends = [
        end
        for end in range(len(path) + 1)
        if path[end - 1 : end] == ("component",) or path[max(end - 2, 0) : end - 1] in _LISTS
    ]
    return path[: max(ends, default=0)]


def _hides_name(path: Path) -> bool:
    return path[-1:] == ("name",) or path[-1:] in _LISTS or path[-2:-1] in _LISTS


_LISTS: Final = (("operations",), ("components",))

"""Which findings still hold where wrong fields were cut out of a specification before it was compiled.

A user sees all that is wrong in one go, and nothing that is only wrong because of a cut.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.findings import Finding, Path, Source

_ANYWHERE: Final = frozenset({Code.UNKNOWN_ENTRY, Code.TYPE_MISMATCH, Code.UNKNOWN_PARAM})
"""In doubt wherever the cut was: what they miss may be declared in another operation."""

_NEARBY: Final = frozenset(
    {Code.MISSING_PARAM, Code.TEMPLATE_NAME, Code.NO_DEFINITION, Code.NO_CONTAINER, Code.NO_OPERATIONS}
    | {Code.UNKNOWN_VOLUME}
)
"""In doubt where the cut was in the same operation, or either was in a component or another document."""

_OF_ITS_PARTS: Final = frozenset({Code.INCOMPLETE, Code.NEVER})
"""In doubt where the cut was in what they are about."""

_OF_NAMES: Final = frozenset({Code.UNKNOWN_UPSTREAM, Code.UNNAMED, Code.UNKNOWN_COMPONENT})
"""In doubt where an operation or its name was cut out."""
_OF_UPSTREAMS: Final = (("trigger",), ("skipOnUpstreamSkip",))
"""Ends of the paths of what means nothing without upstreams: in doubt where these were cut out."""
_UNREAD: Final = frozenset({Code.NUMBER, Code.TAG})
"""A number is read as 0, and what has a tag as text."""


def certain(found: Sequence[Finding], cut: Sequence[Finding]) -> Iterator[Finding]:
    """Yield those of `found` that do not follow from fields that were cut out.

    Args:
        found: what compiling has found, and what is wrong with the fields of other documents.
        cut: findings about fields that were cut out of this one, and of what is laid over it.
    """
    paths = [finding.path for finding in (*cut, *filter(_cuts_elsewhere, found))]
    owners = {_owner(path) for path in paths}
    names = any(map(_hides_name, paths))
    around = {path[:end] for path in paths for end in range(len(path) + 1)}
    for finding in found:
        of_parts = _about(finding) in around
        if not paths or not (of_parts or _doubtful(finding, owners, names)):
            yield finding


def readable(found: Sequence[Finding], text: Sequence[Finding]) -> list[Finding]:
    """Return those of `found` that are not about a value that could not be read: another stands in its place.

    Args:
        found: what is wrong with a specification.
        text: what is wrong with its text.
    """
    unread = {finding.path for finding in text if finding.code in _UNREAD}
    return [finding for finding in found if finding.path not in unread] if unread else list(found)


def _about(finding: Finding) -> Path | None:
    """Return the path of what a finding cannot know if a part of it was cut out; None for most findings."""
    if finding.code is Code.NEVER and finding.path[-1:] in _OF_UPSTREAMS:  # `dependencies` may be gone
        return finding.path[:-1]
    if finding.code in _OF_ITS_PARTS:
        return finding.path
    if finding.code is Code.RANGE and finding.path[-1:] == ("numRuns",):  # there are only so many trials
        return (*finding.path[:-1], "params")
    return None


def _cuts_elsewhere(finding: Finding) -> bool:
    of_fields = finding.code.stage is Stage.SCHEMA or finding.stage is Stage.COMPILE  # see Composer
    return _is_elsewhere(finding.path) and of_fields and not finding.warning


def _is_elsewhere(path: Path) -> bool:
    return isinstance(path[0], Source) if path else False


def _doubtful(finding: Finding, owners: set[Path], names: bool) -> bool:
    if finding.code in _NEARBY:
        owner = _owner(finding.path)
        return owner in owners or any(map(_is_reused, (owner, *owners)))
    return finding.code in _ANYWHERE or (names and finding.code in _OF_NAMES)


def _is_reused(owner: Path) -> bool:
    """Tell whether other operations may be based on what a path leads to."""
    return "components" in owner or _is_elsewhere(owner)


def _owner(path: Path) -> Path:
    """Return the path of the innermost operation or component, or other document, that a path leads into."""
    ends = [
        end
        for end in range(len(path) + 1)
        if path[end - 1 : end] == ("component",) or path[max(end - 2, 0) : end - 1] in _LISTS
    ]
    return path[: max(ends, default=int(_is_elsewhere(path)))]


def _hides_name(path: Path) -> bool:
    return path[-1:] == ("name",) or path[-1:] in _LISTS or path[-2:-1] in _LISTS


_LISTS: Final = (("operations",), ("components",))

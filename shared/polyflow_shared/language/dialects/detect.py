"""Which dialect a document is in, told by its shape before anything else is looked at."""

from enum import StrEnum
from typing import Any, Final

from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path


class Dialect(StrEnum):
    """The spellings there have been."""

    BETA = "beta"
    """Of 2019: `kind: pipeline`, `ops`, `templates`."""
    VERSION_1 = "version 1"
    """`ops` and `components` at the top."""
    CURRENT = "current"
    """Operations and components with `run`."""


REFERENCE_KEYS: Final = frozenset({"name", "action", "event"})
"""What an operation's `template` has in the beta dialect; today's `template` is a lock, and has none."""


def dialect_of(value: Any) -> Dialect:
    """Return the dialect of a document's value."""
    if not isinstance(value, dict):
        return Dialect.CURRENT
    if (
        value.get("kind") == "pipeline"
        or "templates" in value
        or any(map(_has_reference, _operations(value)))
    ):
        return Dialect.BETA
    if "ops" in value or ("components" in value and "run" not in value):
        return Dialect.VERSION_1
    return Dialect.CURRENT


def _operations(value: dict[str, Any]) -> list[Any]:
    run = value.get("run")
    inner = run.get("operations") if isinstance(run, dict) else None
    for found in (value.get("ops"), value.get("operations"), inner):
        if isinstance(found, list):
            return found
    return []


def _has_reference(operation: Any) -> bool:
    template = operation.get("template") if isinstance(operation, dict) else None
    return isinstance(template, dict) and not REFERENCE_KEYS.isdisjoint(template)


_MIXTURES: Final = (
    ("ops", "run", "write the operations under `run:` as `operations:`, with `kind: dag`"),
    ("ops", "operations", "write all of them under `operations:`"),
    ("templates", "run", "write the templates under `run:` as `components:`, with `kind: dag`"),
    ("templates", "components", "write all of them under `components:`"),
)
"""Fields that never stood side by side in any dialect, and what is meant today."""


def mixture(value: dict[str, Any]) -> Finding | None:
    """Return what is wrong with a document that is in two dialects at once; None for one that is not."""
    for older, newer, hint in _MIXTURES:
        if older in value and newer in value:
            message = f"`{older}` and `{newer}` are of two dialects; a file is written in one"
            path: Path = (older,)
            return Finding(Code.MIXED_DIALECTS, message, path, hint, at_key=True)
    return None

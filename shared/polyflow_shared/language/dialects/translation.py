"""A document of any dialect becomes one of the current dialect, with its positions."""

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Final

from polyflow_shared.language import document as documents
from polyflow_shared.language.codes import Code
from polyflow_shared.language.dialects.detect import Dialect, dialect_of, mixture
from polyflow_shared.language.dialects.tree import Change, Tree
from polyflow_shared.language.document import Document
from polyflow_shared.language.findings import Finding, Locate, Path, Position, unspelled

BUILDER: Final = "kaniko"
"""The component that builds images, where nothing else is set."""
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Translated:
    """A document as it would be written today.

    Attributes:
        document: with the value of today, findings of the text and of the translation, and the positions of
            the text that was written; without a value where two dialects are mixed.
        dialect: the one that it was written in.
        notice: says what to write today; None for a document of the current dialect.
    """

    document: Document
    dialect: Dialect
    notice: Finding | None = None

    @property
    def whole(self) -> Document:
        """The document with the notice among its findings."""
        if self.notice is None:
            return self.document
        return replace(self.document, findings=[*self.document.findings, self.notice])


def read(text: bytes | str) -> Document:
    """Return what a text of any dialect says today, with the notice among its findings."""
    return translate(documents.read(text)).whole


def translate(document: Document, *, builder: str = BUILDER) -> Translated:
    """Return a document in the current dialect; one that is in it already is returned as it is, at once.

    Args:
        document: what was read; its value is left as it is.
        builder: the component in the hub that builds images.
    """
    dialect, value = dialect_of(document.value), document.value
    if dialect is Dialect.CURRENT or not isinstance(value, dict):
        return Translated(document, Dialect.CURRENT)
    if (mixed := mixture(value)) is not None:
        mixed = _placed(mixed, document.locate)
        return Translated(replace(document, value=None, findings=[*document.findings, mixed]), dialect)
    tree = Tree(deepcopy(value))
    carry_out(tree, dialect, builder)
    findings = [_placed(finding, document.locate) for finding in tree.findings]
    return Translated(
        _today(document, tree, findings), dialect, _notice(dialect, tree.changes, document.locate)
    )


def carry_out(tree: Tree, dialect: Dialect, builder: str = BUILDER) -> None:
    """Rewrite a tree of an older dialect by that dialect's rules."""
    from polyflow_shared.language.dialects import beta, version_1  # noqa: PLC0415 (seldom needed)
    from polyflow_shared.language.dialects.rules import rewrite  # noqa: PLC0415

    if dialect is Dialect.BETA:
        kind = tree.value(tree.root.get("kind"))
        rewrite(tree, tree.root, beta.document(kind, builder))
    elif dialect is Dialect.VERSION_1:
        rewrite(tree, tree.root, version_1.document())


def modernise(tree: Tree) -> None:
    """Rewrite what is deprecated in the current dialect."""
    from polyflow_shared.language.dialects import modern  # noqa: PLC0415
    from polyflow_shared.language.dialects.rules import rewrite  # noqa: PLC0415

    rewrite(tree, tree.root, modern.document())


def _placed(finding: Finding, locate: Locate) -> Finding:
    """Return a finding, whose path is one of the text as it was written, with its position."""
    return replace(finding, position=locate(finding.path, finding.at_key))


def _today(document: Document, tree: Tree, findings: list[Finding]) -> Document:
    def locate(path: Path, at_key: bool) -> Position | None:
        return document.locate(tree.origin(path), at_key)

    def spelling(path: Path) -> str | None:
        return document.spelling(tree.origin(path))

    spelled = unspelled if document.spelling is unspelled else spelling
    return Document(tree.root, [*document.findings, *findings], locate, spelled)


def _notice(dialect: Dialect, changes: list[Change], locate: Locate) -> Finding:
    """Return the one notice of a file: what to write today."""
    first = {(change.older, change.newer): change for change in reversed(changes)}
    placed = sorted((locate(change.path, True) or (1, 1), pair) for pair, change in first.items())
    shown = ", ".join(f"`{older}` is `{newer}` today" for _, (older, newer) in placed[:_SHOWN])
    more = f", and {len(placed) - _SHOWN} more" if len(placed) > _SHOWN else ""
    return Finding(
        Code.OLDER_DIALECT,
        f"this is the {dialect} dialect: {shown}{more}",
        hint="`polyflow migrate FILE` rewrites the file",
        at_key=True,
        position=placed[0][0] if placed else None,
        warning=True,
    )

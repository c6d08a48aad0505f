"""A text of any dialect becomes the same text in today's spelling."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import JsonValue

from polyflow.migration.layout import indents_of, merged, realigned
from polyflow_shared.errors import PolyflowError
from polyflow_shared.language import document
from polyflow_shared.language.dialects import Dialect, carry_out, dialect_of, modernise
from polyflow_shared.language.dialects.detect import mixture
from polyflow_shared.language.dialects.tree import Change, Tree
from polyflow_shared.language.document import Document
from polyflow_shared.language.findings import problems
from polyflow_topics.events import Problem


class NotMigratedError(PolyflowError):
    """A text cannot be rewritten without losing something."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """A text in today's spelling.

    Attributes:
        text: the new text; the old one where nothing is to change, or where something is wrong.
        dialect: the one that it was written in.
        changes: what was replaced.
        lost: comments that could not be kept.
        problems: what must be corrected first, with positions.
    """

    text: str
    dialect: Dialect = Dialect.CURRENT
    changes: Sequence[Change] = ()
    lost: Sequence[str] = ()
    problems: Sequence[Problem] = ()


def migrate(text: str) -> Migrated:
    """Return a text in today's spelling; its lines end as most of them did.

    Raises:
        NotMigratedError: it is built so that it cannot be rewritten, such as with merge keys in between.
    """
    ends = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    migrated = _migrated(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    if not migrated.changes:
        return replace(migrated, text=text)
    return replace(migrated, text=migrated.text.replace("\n", ends))


def _migrated(text: str) -> Migrated:
    read = document.read(text)
    wrong = [finding for finding in read.findings if finding.refused_at is not None]
    if wrong or not isinstance(read.value, dict):
        return Migrated(text, problems=problems(wrong, locate=read.locate))
    dialect = dialect_of(read.value)
    if (mixed := mixture(read.value)) is not None and dialect is not Dialect.CURRENT:
        return Migrated(text, dialect, problems=problems([mixed], locate=read.locate))
    return _rewritten(text, read, dialect, deepcopy(read.value))


def _rewritten(text: str, read: Document, dialect: Dialect, value: dict[str, Any]) -> Migrated:
    tree = Tree(value)
    _change(tree, dialect)
    if tree.findings:
        return Migrated(text, dialect, problems=problems(tree.findings, locate=read.locate))
    if value == read.value:
        return Migrated(text, dialect)
    rewrite = _json if _is_json(text) else _yaml
    rewritten = rewrite(text, value, dialect)
    return Migrated(rewritten, dialect, tree.changes, lost_comments(text, rewritten))


def _change(tree: Tree, dialect: Dialect) -> None:
    carry_out(tree, dialect)
    modernise(tree)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _json(text: str, value: JsonValue, _dialect: Dialect) -> str:
    lines = text.splitlines()
    indent = len(lines[1]) - len(lines[1].lstrip(" ")) if len(lines) > 1 else None
    return json.dumps(value, ensure_ascii=False, indent=indent) + ("\n" if text.endswith("\n") else "")


def _yaml(text: str, value: JsonValue, dialect: Dialect) -> str:
    """Return the changed text, in the layout that keeps most of it and means what it must."""
    best = ""
    for result in _layouts(text, dialect):
        if _means(result, value):
            if not lost_comments(text, result):
                return result
            best = best or result
    if best:
        return best
    raise NotMigratedError("the file cannot be rewritten: it has anchors or tags that cannot be kept")


def _layouts(text: str, dialect: Dialect) -> Iterator[str]:
    """Yield the changed text in one layout after another, those first that keep most of it."""
    from polyflow.migration.text_tree import NotRewritableError, TextTree  # noqa: PLC0415 (ruamel.yaml)

    indents = indents_of(text)
    for spelled_out in (False, True):
        try:
            tree = TextTree(text, indents, spelled_out=spelled_out)
            printed = tree.text()
            tree = TextTree(text, indents, spelled_out=spelled_out)
            _change(tree, dialect)
            changed = tree.text()
        except NotRewritableError:
            continue
        yield realigned(text, merged(text, printed, changed))
        yield merged(text, printed, changed)
        yield changed


def lost_comments(before: str, after: str) -> list[str]:
    """Return the comments of a text that another one does not have."""
    lost = Counter(_COMMENT.findall(before)) - Counter(_COMMENT.findall(after))
    return [comment.strip() for comment in lost.elements()]


_COMMENT: Final = re.compile(r"(?:^|(?<=\s))#.*", re.MULTILINE)


def _means(text: str, value: JsonValue) -> bool:
    again = document.read(text)
    return not again.findings and again.value == value

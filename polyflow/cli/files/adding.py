"""What is asked of a file before `polyflow hub add` keeps it, and what its user should know."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from polyflow.cli.terminal.paint import printable
from polyflow.cli.terminal.problems import report
from polyflow.specifications.checking import Checking, check_file
from polyflow.specifications.collecting import Options
from polyflow_shared.errors import PolyflowError
from polyflow_shared.language import dialects
from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.findings import Finding
from polyflow_shared.language.references import Reference, ReferenceKind, hub_parts, mentions, resolved
from polyflow_shared.references.hubs import FolderHub

_ELSEWHERE: Final = frozenset(
    {Code.REFERENCE_MISSING, Code.REFERENCE_FORBIDDEN, Code.REFERENCE_UNREACHABLE, Code.REFERENCE_OFFLINE}
)
"""What may be right once a component is in its hub: paths mean other files there."""
_OF_TEMPLATES: Final = frozenset(
    {Code.TEMPLATE_SYNTAX, Code.TEMPLATE_NAME, Code.TEMPLATE_FORBIDDEN, Code.TEMPLATE_SIZE}
)


class RefusedError(PolyflowError):
    """A file is no component or operation that can be used."""


@dataclass(frozen=True, slots=True)
class Addable:
    """A file that may be added to a hub.

    Attributes:
        text: what it is.
        value: what it says.
    """

    text: str
    value: dict[str, Any]


def addable(file: Path, hubs: Sequence[str]) -> Addable:
    """Return a file that may be added to a hub.

    Values that a component needs are given by whoever uses it, and what it refers to may follow it into the
    hub; anything else that is wrong with it is wrong wherever it is used.

    Args:
        file: what is to be added.
        hubs: where the components that it is based on are looked up.

    Raises:
        RefusedError: it is no specification, or one that never compiles; all problems have been printed.
    """
    checking = check_file(file, Options(hubs=hubs))
    value = dialects.read(checking.text).value
    if isinstance(value, dict) and not _is_refused(checking):
        return Addable(checking.text, value)
    others = checking.others
    for line in report(
        checking.checked.errors, file=str(file), source=checking.text, others=others, end="nothing was added"
    ):
        click.echo(line, err=True)
    raise RefusedError(f"{file} is no component that can be used")


def _is_refused(checking: Checking) -> bool:
    checked = checking.checked
    findings = checked.compiled.findings if checked.compiled else ()
    return checked.schema == "reject" or any(map(_is_wrong_everywhere, findings))


def _is_wrong_everywhere(finding: Finding) -> bool:
    if finding.refused_at is Stage.COMPILE:
        return finding.code not in _ELSEWHERE
    if finding.refused_at is not Stage.RUN_READY or finding.code not in _OF_TEMPLATES:
        return False
    # Whoever uses it may give its own templates a name, and none to those of operations within.
    return finding.code is not Code.TEMPLATE_NAME or "operations" in finding.path


def notes(value: dict[str, Any], meant: Reference, place: FolderHub) -> Iterator[str]:
    """Yield what the files are that an added component refers to: they are not added with it."""
    for text in sorted({mention.text for mention in mentions(value) if mention.kind is ReferenceKind.PATH}):
        target = resolved(ReferenceKind.PATH, text, meant)
        if isinstance(target, Finding):
            yield printable(f"note: {target.message}; it will not be found")
        elif not (place.folder / target.name).exists():
            yield printable(f"note: `pathRef: {text}` means {place.place}/{target.name} now; put it there")


def meaning(component: Reference) -> str:
    """Return how a component is referred to, in as few words as will do."""
    name, tag = hub_parts(component.name)
    return f"hubRef: {name}" if tag == "latest" else f"hubRef: {component.name}"

"""Catalogues: files of named entries that whoever runs polyflow writes, such as connections and queues."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import JsonValue, ValidationError

from polyflow_shared.errors import InvariantError
from polyflow_shared.language import document
from polyflow_shared.language.codes import Code
from polyflow_shared.language.fields.errors import findings_of
from polyflow_shared.language.findings import Finding, Nearest, problems
from polyflow_shared.language.models.base import Model
from polyflow_topics.events import Problem

F = TypeVar("F", bound=Model)


class CatalogueError(InvariantError):
    """A catalogue cannot be used; the text says all that is wrong with it, by file, line and column."""


@dataclass(frozen=True, slots=True)
class CatalogueKind(Generic[F]):
    """What a kind of catalogue looks like.

    Attributes:
        entries: the field of the file that lists the entries, each with a `name`.
        one: an entry, in a word.
        file: the whole file.
        entry: one of its entries.
        parts: what is deeper inside an entry, by the field that it stands in.
    """

    entries: str
    one: str
    file: type[F]
    entry: type[Model]
    parts: Mapping[str, type[Model]] = field(default_factory=dict)


def load(kind: CatalogueKind[F], path: Path) -> F:
    """Return the catalogue in a file; may block.

    Raises:
        CatalogueError: it cannot be read, or something is wrong with it.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CatalogueError(f"{kind.entries}: {path}: {reason}") from error
    return read(kind, text, str(path))


def read(kind: CatalogueKind[F], text: bytes | str, file: str) -> F:
    """Return the catalogue that a text says; its entries have different names.

    Args:
        kind: what it must look like.
        text: YAML or JSON.
        file: what to call it.

    Raises:
        CatalogueError: something is wrong with it.
    """
    found = document.read(text)
    catalogue, findings = _read(kind, found.value) if found.value is not None else (None, [])
    wrong = problems([*found.findings, *findings], locate=found.locate, file=file, spelling=found.spelling)
    if catalogue is None or wrong:
        raise CatalogueError("\n".join(map(_line, wrong)))
    return catalogue


def _read(kind: CatalogueKind[F], value: JsonValue) -> tuple[F | None, list[Finding]]:
    if not isinstance(value, dict):
        hint = f"write `{kind.entries}:` above the list"
        return None, [Finding(Code.NOT_A_MAP, "a catalogue is a map", hint=hint)]
    try:
        catalogue = kind.file.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        found = findings_of(value, error.errors(include_url=False))
        return None, [_hinted(kind, finding) for finding in found]
    return catalogue, [*_doubled(kind, catalogue)]


def _doubled(kind: CatalogueKind[F], catalogue: F) -> Iterator[Finding]:
    seen = set()
    for index, entry in enumerate(getattr(catalogue, kind.entries)):
        if entry.name in seen:
            message = f"there is another {kind.one} `{entry.name}`"
            yield Finding(Code.DUPLICATE_NAME, message, (kind.entries, index, "name"))
        seen.add(entry.name)


def _hinted(kind: CatalogueKind[F], finding: Finding) -> Finding:
    """Return a finding about an unknown field with the field that may be meant."""
    inside = finding.path[2:-1]  # of one entry
    model = kind.parts.get(str(inside[0])) if inside else kind.entry if finding.path[1:-1] else kind.file
    if finding.code is not Code.UNKNOWN_FIELD or model is None or len(inside) > 1:
        return finding
    known = [field.alias or name for name, field in model.model_fields.items()]
    return replace(finding, hint=Nearest(str(finding.path[-1]), known))


def _line(problem: Problem) -> str:
    place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part is not None)
    hint = f" (hint: {problem.hint})" if problem.hint else ""
    return f"{place}: {problem.message}{hint}"

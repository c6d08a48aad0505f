"""The catalogue of connections: read from a file when a service starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from pydantic import JsonValue, ValidationError

from polyflow_shared.connections.models import CatalogueFile, Connection, Resource, Schema
from polyflow_shared.errors import InvariantError
from polyflow_shared.language import document, fields
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Nearest, problems
from polyflow_shared.language.models.base import Model
from polyflow_topics.events import Problem


class CatalogueError(InvariantError):
    """The catalogue cannot be used; the text says all that is wrong with it, by file, line and column."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Connections by their names."""

    connections: Mapping[str, Connection] = field(default_factory=dict)

    def find(self, name: str, *, project: str, owner: str) -> Connection | Finding:
        """Return a connection, or why it may not be used, without a path.

        Args:
            name: what it is called.
            project: of the request.
            owner: of the request.
        """
        found = self.connections.get(name)
        if found is None:
            return Finding(Code.UNKNOWN_CONNECTION, *self._unknown(name, project, owner))
        if found.projects is not None and project not in found.projects:
            return _forbidden(f"project `{project}`", name)
        if found.owners is not None and owner not in found.owners:
            return _forbidden(f"owner `{owner}`", name)
        return found

    def _unknown(self, name: str, project: str, owner: str) -> tuple[str, tuple[()], str | Nearest]:
        message = f"there is no connection `{name}`"
        if not self.connections:
            return message, (), "connections are declared in the file that `POLYFLOW_CONNECTIONS` names"
        # What a project may not use it is not told of.
        allowed = [
            one
            for one in self.connections
            if isinstance(self.find(one, project=project, owner=owner), Connection)
        ]
        return message, (), Nearest(name, allowed)


EMPTY: Final = Catalogue()


def _forbidden(who: str, name: str) -> Finding:
    message = f"{who} has no access to the connection `{name}`"
    hint = "whoever runs polyflow can add it to the connection's `projects` and `owners`"
    return Finding(Code.CONNECTION_FORBIDDEN, message, hint=hint)


def load(path: Path) -> Catalogue:
    """Return the catalogue in a file; may block.

    Raises:
        CatalogueError: it cannot be read, or something is wrong with it.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise CatalogueError(f"connections: {path}: {(error.strerror or str(error)).lower()}") from error
    return read(text, str(path))


def read(text: bytes | str, file: str) -> Catalogue:
    """Return the catalogue that a text says.

    Args:
        text: YAML or JSON.
        file: what to call it.

    Raises:
        CatalogueError: something is wrong with it.
    """
    found = document.read(text)
    catalogue, findings = _catalogue(found.value) if found.value is not None else (EMPTY, [])
    wrong = problems([*found.findings, *findings], locate=found.locate, file=file, spelling=found.spelling)
    if wrong:
        raise CatalogueError("\n".join(map(_line, wrong)))
    return catalogue


def _catalogue(value: JsonValue) -> tuple[Catalogue, Sequence[Finding]]:
    if not isinstance(value, dict):
        return EMPTY, [
            Finding(Code.NOT_A_MAP, "a catalogue is a map", hint="write `connections:` above the list")
        ]
    try:
        listed = CatalogueFile.model_validate(value, by_alias=True, by_name=False).connections
    except ValidationError as error:
        return EMPTY, [*map(_hinted, fields.findings(value, error.errors(include_url=False)))]
    by_name: dict[str, Connection] = {}
    findings: list[Finding] = []
    for index, one in enumerate(listed):
        if one.name in by_name:
            message = f"there is another connection `{one.name}`"
            findings.append(Finding(Code.DUPLICATE_NAME, message, ("connections", index, "name")))
        by_name[one.name] = one
    return Catalogue(by_name), findings


def _hinted(finding: Finding) -> Finding:
    """Return a finding about an unknown field with the field that may be meant."""
    inside = finding.path[2:-1]  # of one connection
    model = _PARTS.get(inside[0], None) if inside else Connection if finding.path[1:-1] else CatalogueFile
    if finding.code is not Code.UNKNOWN_FIELD or model is None or len(inside) > 1:
        return finding
    known = [field.alias or name for name, field in model.model_fields.items()]
    return replace(finding, hint=Nearest(str(finding.path[-1]), known))


_PARTS: Final[Mapping[str | int, type[Model]]] = {
    "schema": Schema,
    "secret": Resource,
    "configMap": Resource,
}


def _line(problem: Problem) -> str:
    place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part is not None)
    hint = f" (hint: {problem.hint})" if problem.hint else ""
    return f"{place}: {problem.message}{hint}"

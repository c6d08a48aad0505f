"""The catalogue of connections: read from a file when a service starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from polyflow_shared.declared import catalogues
from polyflow_shared.declared.catalogues import CatalogueKind
from polyflow_shared.declared.connections.models import CatalogueFile, Connection, Resource, Schema
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Nearest


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
    return _by_name(catalogues.load(_KIND, path))


def read(text: bytes | str, file: str) -> Catalogue:
    """Return the catalogue that a text says.

    Args:
        text: YAML or JSON.
        file: what to call it.

    Raises:
        CatalogueError: something is wrong with it.
    """
    return _by_name(catalogues.read(_KIND, text, file))


def _by_name(file: CatalogueFile) -> Catalogue:
    return Catalogue({one.name: one for one in file.connections})


_KIND: Final = CatalogueKind(
    entries="connections",
    one="connection",
    file=CatalogueFile,
    entry=Connection,
    parts={"schema": Schema, "secret": Resource, "configMap": Resource},
)

"""The connections that the operations of a request use: which there are, and whether they may be used."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from polyflow_shared.declared.connections.catalogue import Catalogue
from polyflow_shared.declared.connections.models import Connection
from polyflow_shared.declared.connections.pods import told_of, volumes_of
from polyflow_shared.language.codes import Code
from polyflow_shared.language.expressions.templates import is_templated
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import known
from polyflow_shared.language.models.pods import PodFields
from polyflow_topics.message import Values


@dataclass(frozen=True, slots=True)
class Granted:
    """The connections of an installation, as a project and an owner may use them."""

    catalogue: Catalogue
    project: str = "default"
    owner: str = "default"

    def of(self, run: PodFields) -> list[Connection]:
        """Return the connections that a run uses and may use, in its order, each once."""
        found = (self.find(name) for name in dict.fromkeys(known(run.connections) or ()))
        return [one for one in found if isinstance(one, Connection)]

    def fields(self, run: PodFields) -> dict[str, Values]:
        """Return what templates may name of the connections that a run uses and may use, by their names."""
        return {one.name: told_of(one) for one in self.of(run)}

    def problems(self, run: PodFields, *, local: bool) -> Iterator[Finding]:
        """Yield why connections of a run cannot be used, by paths into it; see `templates` as well.

        Args:
            run: with all its layers.
            local: whether it runs as a process of this machine.
        """
        taken = dict.fromkeys(_mount_paths(run), "another volume")
        for index, name in enumerate(known(run.connections) or ()):
            if is_templated(name):
                continue
            path: Path = ("connections", index)
            found = self.find(name)
            if isinstance(found, Finding):
                yield Finding(found.code, found.message, path, found.hint)
                continue
            if local and any(one is not None and one.mount_path for one in (found.secret, found.config_map)):
                message = f"the connection `{name}` has files, which processes of this machine cannot have"
                yield Finding(
                    Code.NOT_YET, message, path, "it runs on another cluster: name one with `queue`"
                )
            for _, mount in volumes_of(found):
                where = str(mount["mountPath"]).rstrip("/")
                if where in taken and taken[where] != name:
                    message = f"the connection `{name}` is mounted at `{where}`, and so is {taken[where]}"
                    yield Finding(Code.REPEATED, message, path)
                taken[where] = name

    def find(self, name: str) -> Connection | Finding:
        """Return a connection, or why it may not be used, without a path."""
        if is_templated(name):
            return _TEMPLATE
        return self.catalogue.find(name, project=self.project, owner=self.owner)


_TEMPLATE: Final = Finding(Code.NOT_YET, "a template for a connection is not supported yet")


def templates(run: PodFields) -> Iterator[Finding]:
    """Yield that connections of a run are templates, which is known without a catalogue; paths into it."""
    for index, name in enumerate(known(run.connections) or ()):
        if is_templated(name):
            yield replace(_TEMPLATE, path=("connections", index))


def _mount_paths(run: PodFields) -> Iterator[str]:
    container = known(run.container)
    mounts = container.get("volumeMounts") if isinstance(container, dict) else None
    for mount in mounts if isinstance(mounts, list) else ():
        if isinstance(mount, dict):
            yield str(mount["mountPath"]).rstrip("/")

"""Hubs: where components are kept under names and tags, as files `NAME/TAG.yaml` or `OWNER/NAME/TAG.yaml`.

A hub is a folder, or the web address of one.  A web address cannot be listed unless it has a file
`index.json`, a list of `"[OWNER/]NAME:TAG"`.  What no hub has may be among the components that come with
polyflow.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from polyflow_shared.language.findings import Finding, Nearest
from polyflow_shared.language.references import Reference, ReferenceKind, hub_parts, resolved, url_parts
from polyflow_shared.references.errors import MissingError, NotReadError, UnreachableError
from polyflow_shared.references.files import read_file

SUFFIXES: Final = (".yaml", ".yml")
MAX_ENTRIES: Final = 10_000
"""Components of a hub that are listed."""
_NO_OWNER: Final = Reference(ReferenceKind.PATH, "")


class Hub(Protocol):
    """A place of components."""

    @property
    def place(self) -> str:
        """What users call it: a folder or a URL."""

    def read(self, path: str) -> str:
        """Return the text of a file, by its path from the hub's top; the path never leads out of the hub.

        Raises:
            MissingError: the hub has no such file.
            NotReadError: nobody can say whether it has, or it may not be read.
        """

    def entries(self) -> Iterable[str]:
        """Return what is in it, as `[OWNER/]NAME:TAG`.

        Raises:
            NotReadError: it cannot be listed.
        """


class FolderHub:
    """A hub that is a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        """Look at nothing yet."""
        self.folder = folder
        self.place = str(folder)

    def read(self, path: str) -> str:
        """Return the text of a file; links must not lead out of the folder."""
        name = f"{self.place}/{path}"
        try:
            found = (self.folder / path).resolve()
            inside = found.is_relative_to(self.folder.resolve())
        except (OSError, RuntimeError) as error:
            raise UnreachableError(f"`{name}` leads nowhere: {error}") from error
        if not inside:
            raise UnreachableError(f"`{name}` is a link that leads out of the hub")
        return read_file(found, name)

    def entries(self) -> Iterable[str]:
        """Return what is in it, sorted; nothing where there is no such folder."""
        if self.folder.exists() and not self.folder.is_dir():
            raise UnreachableError(f"hub `{self.place}` is not a folder")
        paths = (path for pattern in ("*/*", "*/*/*") for path in self.folder.glob(pattern))
        named = {
            f"{path.parent.relative_to(self.folder).as_posix()}:{path.stem}"
            for path in islice(paths, MAX_ENTRIES)
            if path.suffix in SUFFIXES
        }
        return [entry for entry in sorted(named) if _is_entry(entry)]

    def add(self, name: str, text: str, *, force: bool = False) -> Path:
        """Write a component, all of it or nothing, and return its file.

        Args:
            name: its `[OWNER/]NAME:TAG`.
            text: what it is.
            force: whether it may take the place of another one.

        Raises:
            TakenError: there is a component of this name and tag, and `force` is not given.
            NotReadError: the folder cannot be written to.
        """
        paths = [self.folder / path for path in _paths(name)]
        path = next((path for path in paths if path.exists()), paths[0])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, text, force=force)
        except FileExistsError as error:
            raise TakenError(f"`{name}` is in the hub already: `{path}`", "choose another tag") from error
        except OSError as error:
            raise NotReadError(f"`{path}` cannot be written: {error.strerror}") from error
        return path


class _Bundled(FolderHub):
    """The components that come with polyflow."""

    def __init__(self) -> None:
        """Look beside this file."""
        super().__init__(Path(__file__).parent / "bundled")
        self.place = "polyflow"


BUNDLED: Final = _Bundled()
"""Searched last, so that an installation can have its own in their place."""


class TakenError(NotReadError):
    """Another component has the name and the tag."""


def _write(path: Path, text: str, *, force: bool) -> None:
    """Write a file that others see whole or not at all.  Raises FileExistsError unless `force` is given."""
    whole = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        whole.write_text(text, encoding="utf-8", newline="")
        if force:
            whole.replace(path)
        else:
            path.hardlink_to(whole)
    finally:
        whole.unlink(missing_ok=True)


class WebHub:
    """A hub that is a web address; whoever set it up trusts its host, so that one may be private."""

    def __init__(self, address: str) -> None:
        """Connect to nothing yet.

        Args:
            address: an HTTP or HTTPS URL, such as `https://hub.example.org/components`.
        """
        self.place = address.rstrip("/")

    def read(self, path: str) -> str:
        """Return the text of a file."""
        from urllib.parse import quote  # noqa: PLC0415

        from polyflow_shared.references.web import Web  # noqa: PLC0415 (16 ms)

        parts = url_parts(self.place)
        if isinstance(parts, Finding):
            raise UnreachableError(f"the address of a hub is wrong: {parts.message}")
        return Web(private_hosts=(parts.hostname or "",)).read(f"{self.place}/{quote(path)}")

    def entries(self) -> Iterable[str]:
        """Return what its `index.json` lists."""
        try:
            listed = json.loads(self.read("index.json"))
        except MissingError as error:
            raise UnreachableError(f"hub {self.place} has no `index.json`, so it cannot be listed") from error
        except (ValueError, RecursionError) as error:
            raise UnreachableError(f"`index.json` of hub {self.place} is not JSON") from error
        if not isinstance(listed, list):
            raise UnreachableError(f"`index.json` of hub {self.place} is not a list")
        return [entry for entry in listed[:MAX_ENTRIES] if isinstance(entry, str) and _is_entry(entry)]


def _is_entry(text: str) -> bool:
    meant = resolved(ReferenceKind.HUB, text, _NO_OWNER)
    return isinstance(meant, Reference) and meant.name == text


def hub_at(place: str) -> Hub:
    """Return the hub at a place: a URL, or else a folder; `~` is the user's."""
    if place.startswith(("http://", "https://")):
        return WebHub(place)
    return FolderHub(Path(place).expanduser())


class Hubs:
    """Several hubs, which are searched in order, and after them what comes with polyflow."""

    def __init__(self, hubs: Sequence[Hub]) -> None:
        """Search these."""
        self.hubs = hubs

    def read(self, name: str) -> str:
        """Return the text of a component; as `found`."""
        return self.found(name)[1]

    def found(self, name: str) -> tuple[Hub, str]:
        """Return the text of a component, by its `[OWNER/]NAME:TAG`, and the hub that has it.

        Raises:
            MissingError: no hub has it; says which were searched, and what there is instead.
            NotReadError: a hub that may have it cannot be read; later ones are not asked, because they may
                have another component of this name.
        """
        for hub in (*self.hubs, BUNDLED):
            for path in _paths(name):
                try:
                    return hub, hub.read(path)
                except MissingError:
                    continue
        raise self._missing(name)

    def read_beside(self, name: str, path: str) -> str:
        """Return the text of a file in the hub that a component is from.

        Args:
            name: the component.
            path: from the hub's top.

        Raises:
            NotReadError: the hub has no such file, or it cannot be read.
        """
        return self.found(name)[0].read(path)

    def _missing(self, name: str) -> MissingError:
        if not self.hubs:
            return MissingError(f"there is no hub to search for `{name}`", "name one with `--hub`")
        searched = ", ".join(f"`{hub.place}`" for hub in self.hubs)
        return MissingError(f"`{name}` is in no hub; searched: {searched}", _instead(name, self.listed()))

    def listed(self) -> list[str]:
        """Return all that can be listed, as `[OWNER/]NAME:TAG`."""
        return [entry for hub in (*self.hubs, BUNDLED) for entry in _listed(hub)]


def _paths(name: str) -> Iterator[str]:
    component, tag = hub_parts(name)
    return (f"{component}/{tag}{suffix}" for suffix in SUFFIXES)


def _listed(hub: Hub) -> Iterable[str]:
    try:
        return hub.entries()
    except NotReadError:  # it was said already that the component is not there
        return ()


def _instead(name: str, entries: Sequence[str]) -> str | Nearest:
    """Return a hint: other tags of the same component, or a component of a similar name."""
    component, _ = hub_parts(name)
    tags = [hub_parts(entry)[1] for entry in entries if hub_parts(entry)[0] == component]
    if tags:
        return f"known tags of `{component}`: {', '.join(dict.fromkeys(tags[:20]))}"
    return Nearest(component, [hub_parts(entry)[0] for entry in entries])

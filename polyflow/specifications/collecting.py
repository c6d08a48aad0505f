"""What goes with a specification from this machine: files laid over it, and what it refers to."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from polyflow_services.spec_validator.requests import reading
from polyflow_shared.errors import PolyflowError
from polyflow_shared.language.codes import Code
from polyflow_shared.language.document import Document
from polyflow_shared.language.findings import Finding
from polyflow_shared.language.references import (
    Reference,
    ReferenceKind,
    file_reference,
    mentions,
    resolved,
)
from polyflow_shared.language.sources import Fetch, Referenced, Sources, collect
from polyflow_shared.machine.home import Home, connections_of, hubs_of, private_hosts_of
from polyflow_shared.references.fetching import Fetcher, Places
from polyflow_shared.references.files import Files
from polyflow_topics.requests import SpecificationFile

MAX_BYTES: Final = 16 * 1024 * 1024
"""The largest file that is read."""
Specification = Path | str | Mapping[str, Any]
"""A file, a specification's text, or the specification as an object."""


class NotReadableError(PolyflowError):
    """A file that was named cannot be read."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a specification is put together with.

    Attributes:
        params: values for its inputs, by name.
        overlays: what is laid over it, in this order.
        hubs: folders and URLs of components, searched in this order.
        presets: folders of saved presets.
        roots: further folders whose files may be referred to.
        private_hosts: hosts of URLs that may be at private addresses.
        connections: the file with the catalogue of connections, if there is one.
        online: whether URLs are fetched.
    """

    params: Mapping[str, Any] = field(default_factory=dict)
    overlays: Sequence[SpecificationFile] = ()
    hubs: Sequence[str] = ()
    presets: Sequence[Path] = ()
    roots: Sequence[Path] = ()
    private_hosts: Sequence[str] = ()
    connections: Path | None = None
    online: bool = False

    @property
    def places(self) -> Places:
        """Where references are looked for, this machine's files left out."""
        return Places(self.hubs, self.private_hosts, self.presets, connections=self.connections)


def options_here(
    at: Home,
    *,
    hubs: Sequence[str] = (),
    overlays: Sequence[SpecificationFile] = (),
    roots: Sequence[Path] = (),
) -> Options:
    """Return what a request of this machine is put together with.

    Args:
        at: where saved presets are.
        hubs: those of the environment if none is given.
        overlays: what is laid over the specification.
        roots: further folders whose files may be referred to.
    """
    return Options(
        overlays=overlays,
        hubs=hubs or hubs_of(os.environ),
        roots=roots,
        presets=[at.presets],
        private_hosts=private_hosts_of(os.environ),
        connections=connections_of(os.environ),
    )


class Given(NamedTuple):
    """A specification, as somebody has given it."""

    content: Any
    """Text, or an object."""
    file: str
    """What it is called; empty where it is in no file."""
    workdir: Path
    """Where operations start whose container does not say."""


def given(specification: Specification) -> Given:
    """Return a specification that is in a file, or is given as a text or an object.

    Raises:
        TypeError: it is none of these.
        NotReadableError: the file cannot be read.
    """
    if not isinstance(specification, Path | str | Mapping):
        what = "None" if specification is None else f"a {type(specification).__name__}"
        instead = "; give its `to_dict()`" if hasattr(specification, "to_dict") else ""
        raise TypeError(f"a specification is a Path, a text or a map of fields, not {what}{instead}")
    if isinstance(specification, Path):
        return Given(overlay_of(specification).text, str(specification), specification.resolve().parent)
    content = specification if isinstance(specification, str) else dict(specification)
    return Given(content, "", Path.cwd())


def layer(name: str, fields: Mapping[str, Any]) -> SpecificationFile:
    """Return fields as something that is laid over a specification."""
    return SpecificationFile(name=name, text=json.dumps({"isPreset": True, **fields}))


def read_file(path: Path) -> bytes:
    """Return what is in a file.

    Raises:
        NotReadableError: it is not there, may not be read, or is too large.
    """
    try:
        with path.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise NotReadableError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    if len(data) > MAX_BYTES:
        raise NotReadableError(f"{path}: larger than {MAX_BYTES // 1024 // 1024} MiB")
    return data


def overlay_of(path: Path) -> SpecificationFile:
    """Return a file as something that is laid over a specification.

    Raises:
        NotReadableError: it cannot be read, or is not UTF-8.
    """
    data = read_file(path)
    try:
        return SpecificationFile(name=str(path), text=data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = f"{path}:{line}:{column}: not UTF-8: the byte 0x{data[error.start]:02x}; nothing was read"
        raise NotReadableError(message) from error


def documents_of(options: Options) -> list[tuple[Reference, Document]]:
    """Return what is laid over a specification, with the place of each."""
    return [(file_reference(one.name), reading.read_overlay(one)) for one in options.overlays]


def collected(read: Document, file: str, options: Options) -> Sources:
    """Return all that a specification and its overlays refer to.

    Args:
        read: the specification.
        file: what it is called; paths in it are relative to it.
        options: where to look; URLs only where that is allowed.
    """
    fetch = fetch_for(file, options)
    documents = [(file_reference(file), read), *documents_of(options)]
    return collect(documents, fetch if options.online else _offline(fetch))


def fetch_for(file: str, options: Options) -> Fetch:
    """Return what reads everything that a file of this machine may refer to."""
    roots = [Path.cwd(), Path(file).resolve().parent, *options.roots]
    places = options.places
    return Fetcher(Places(places.hubs, places.private_hosts, places.presets, Files(Path.cwd(), roots)))


def read_specification(specification: Any) -> Document:
    """Return what a specification says, given as a text or an object."""
    if isinstance(specification, str):
        return reading.read(specification)
    return reading.read_value(specification)


def sent_with(read: Document, file: str, options: Options) -> dict[str, Any]:
    """Return the fields of a request that carry what only this machine has.

    A component that no hub of this machine has is left to the service, which may know more hubs and says what
    it has searched; of a file that cannot be read, the reason is sent.
    """
    sent: dict[str, Any] = {"file": file} if file else {}
    if options.overlays:
        sent["overlays"] = [one.model_dump() for one in options.overlays]
    documents = [(file_reference(file), read), *documents_of(options)]
    if any(next(mentions(one.value), None) for _, one in documents):
        sources = collect(documents, _offline(fetch_for(file, options)))
        sent["references"] = [*map(_as_sent, sources.fetched), *_unread_files(sources)]
    return sent


def _as_sent(one: Referenced) -> dict[str, Any]:
    return {"name": one.reference.key, "text": one.text}


def _unread_files(sources: Sources) -> Iterator[dict[str, Any]]:
    """Yield why files could not be read: nobody but this machine can tell."""
    reasons: dict[Reference, Finding] = {}
    for (owner, kind, text), finding in sources.failures():
        target = resolved(kind, text, owner)
        of_file = kind is ReferenceKind.PATH and finding.code is not Code.REFERENCE_CYCLE
        if of_file and isinstance(target, Reference):
            reasons[target] = finding
    for target, finding in reasons.items():
        problem = {"code": finding.code.value, "message": finding.message, "hint": str(finding.hint)}
        yield {"name": target.key, "text": "", "problem": problem}


def _offline(fetch: Fetch) -> Fetch:
    """Return what reads everything but the web."""

    def read(reference: Reference) -> str | Finding:
        if reference.kind is ReferenceKind.URL:
            message = f"{reference.name} was not looked at: this check is offline"
            return Finding(Code.REFERENCE_OFFLINE, message, hint="`--online` fetches it")
        return fetch(reference)

    return read

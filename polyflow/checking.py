"""A specification checked from this machine: its file read, its references collected, nothing run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from polyflow_services.spec_validator import reading
from polyflow_services.spec_validator.checked import Checked, check_document
from polyflow_services.spec_validator.compilation import Around, preset
from polyflow_services.spec_validator.layers.composed import Layer
from polyflow_shared.language.codes import Code
from polyflow_shared.language.document import Document
from polyflow_shared.language.findings import Finding
from polyflow_shared.language.references import Reference, ReferenceKind, file_reference
from polyflow_shared.language.sources import Fetch, collect
from polyflow_shared.references.fetching import Fetcher, Places
from polyflow_shared.references.files import Files

MAX_BYTES: Final = 16 * 1024 * 1024
"""The largest file that is checked."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a specification is checked with.

    Attributes:
        params: values for its inputs, by name.
        overlays: files that are laid over it, in this order.
        hubs: folders and URLs of components, searched in this order.
        roots: further folders whose files may be referred to.
        private_hosts: hosts of URLs that may be at private addresses.
        online: whether URLs are fetched.
        strict_params: whether a param needs a declaration.
    """

    params: Mapping[str, JsonValue] = field(default_factory=dict)
    overlays: Sequence[Path] = ()
    hubs: Sequence[str] = ()
    roots: Sequence[Path] = ()
    private_hosts: Sequence[str] = ()
    online: bool = False
    strict_params: bool = False


@dataclass(frozen=True, slots=True)
class Checking:
    """A checked text.

    Attributes:
        file: what it is called.
        text: what it is; empty where it could not be read.
        checked: what is to say of it.
    """

    file: str
    text: str
    checked: Checked


def check_file(path: Path, options: Options) -> Checking:
    """Return what is to say of a file; one that cannot be read is refused for that."""
    data = _read(path)
    if isinstance(data, Finding):
        return Checking(str(path), "", check_document(Document(None, [data]), file=str(path)))
    return check_text(data, file=str(path), options=options)


def check_text(data: bytes, *, file: str, options: Options) -> Checking:
    """Return what is to say of a text.

    Args:
        data: YAML or JSON.
        file: what it is called; its references are relative to it.
        options: what it is checked with.
    """
    read = reading.read(data)
    place = file_reference(file)
    layers, findings, locates = _presets(options)
    documents = [(place, read), *((layer[0], layer[1]) for layer in locates)]
    sources = collect(documents, _fetch(Path(file), options))
    around = Around(
        params=options.params,
        sources=sources,
        owner=place,
        presets=layers,
        findings=findings,
        locates={reference.source: document.locate for reference, document in locates},
    )
    return Checking(file, data.decode("utf-8", "replace"), check_document(read, file=file, around=around))


def _read(path: Path) -> bytes | Finding:
    try:
        data = path.read_bytes() if path.is_file() else None
    except OSError as error:
        return Finding(Code.UNREADABLE, f"the file cannot be read: {error.strerror}", position=(1, 1))
    if data is None:
        return Finding(Code.UNREADABLE, "there is no such file", position=(1, 1))
    if len(data) > MAX_BYTES:
        message = f"the file has {len(data):,} bytes; at most {MAX_BYTES:,} are read"
        return Finding(Code.TOO_LARGE, message, position=(1, 1))
    return data


def _presets(
    options: Options,
) -> tuple[list[Layer], list[Finding], list[tuple[Reference, Document]]]:
    """Return the layers over a specification, what is wrong with them, and their documents."""
    layers: list[Layer] = []
    findings: list[Finding] = []
    documents: list[tuple[Reference, Document]] = []
    for name, read in _overlays(options):
        place = file_reference(name)
        layer, wrong = preset(read, place)
        layers += [layer] if layer is not None else []
        findings += wrong
        documents.append((place, read))
    return layers, findings, documents


def _overlays(options: Options) -> list[tuple[str, Document]]:
    found: list[tuple[str, Document]] = []
    for path in options.overlays:
        data = _read(path)
        found.append((str(path), Document(None, [data]) if isinstance(data, Finding) else reading.read(data)))
    if options.strict_params:
        found.append(("--strict-params", Document({"isPreset": True, "strictParams": True})))
    return found


def _fetch(file: Path, options: Options) -> Fetch:
    roots = [Path.cwd(), file.resolve().parent, *options.roots]
    places = Places(options.hubs, options.private_hosts, Files(Path.cwd(), roots))
    fetcher = Fetcher(places)
    return fetcher if options.online else _offline(fetcher)


def _offline(fetch: Fetch) -> Fetch:
    """Return what reads everything but the web."""

    def read(reference: Reference) -> str | Finding:
        if reference.kind is ReferenceKind.URL:
            message = f"{reference.name} was not looked at: this check is offline"
            return Finding(Code.REFERENCE_OFFLINE, message, hint="`--online` fetches it")
        return fetch(reference)

    return read

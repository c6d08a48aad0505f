"""References to other documents: how they are written, what they mean, and where a document has them.

Pure: what a reference leads to is known from the document that mentions it, without looking at any disk or
network.  `sources.py` collects what they lead to.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from posixpath import dirname, isabs, join, normpath
from typing import Any, Final
from urllib.parse import SplitResult, urljoin, urlsplit

from pydantic import JsonValue

from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path, Source

LATEST: Final = "latest"
"""The tag of a hub reference that names none."""
MAX_LENGTH: Final = 2000
"""Characters of a reference."""


class ReferenceKind(StrEnum):
    """The fields that refer to another document."""

    PATH = "pathRef"
    HUB = "hubRef"
    URL = "urlRef"
    PRESET = "presets"


_FIELDS: Final = (ReferenceKind.PATH, ReferenceKind.HUB, ReferenceKind.URL)
"""Those that an operation or component is based on."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One document, by the name under which it is found; equal names mean the same document.

    Attributes:
        kind: how it is found.
        name: a path as its user would write it, `[OWNER/]NAME:TAG`, or a URL.
        within: for a path: the component whose hub it is in, and which the path is from the top of; empty for
            a file.
    """

    kind: ReferenceKind
    name: str
    within: str = ""

    def __str__(self) -> str:
        """Return it as it would be written in a document."""
        return f"{self.kind.value} {self.name}"

    @property
    def key(self) -> str:
        """Return what it is called in a request."""
        return f"{self} within {self.within}" if self.within else str(self)

    @property
    def source(self) -> Source:
        """The name that findings in the document are shown with."""
        if self.kind is ReferenceKind.HUB:
            return Source(f"hub {self.name}")
        if self.kind is ReferenceKind.PRESET:
            return Source(f"preset {self.name}")
        return Source(f"hub {self.within}: {self.name}" if self.within else self.name)


@dataclass(frozen=True, slots=True)
class Mention:
    """A place where a document refers to another one.

    Attributes:
        kind: by which field.
        text: what is written there.
        path: the field.
        apart: whether what it leads to runs on its own (a hook, a build, a tuner) and is no layer of what
            mentions it.
    """

    kind: ReferenceKind
    text: str
    path: Path
    apart: bool = False


def file_reference(file: str) -> Reference:
    """Return the place of a document that a user named, such as `a/train.yaml`; "" for a bare text."""
    return Reference(ReferenceKind.PATH, _normal(file) if file else "")


def mentions(value: JsonValue) -> Iterator[Mention]:
    """Yield every reference that a document's value makes to another document, wherever it stands.

    In the order of layers from the outside in; what is no text is left to the check of the fields.
    """
    waiting: list[tuple[Any, Path]] = [(value, ())]
    while waiting:
        layer, path = waiting.pop()
        if not isinstance(layer, dict):
            continue
        for kind in _FIELDS:
            yield from _mention(layer, kind, path, apart=False)
        yield from _presets(layer, path)
        for part, below in _apart(layer, path):
            yield from _mention(part, ReferenceKind.HUB, below, apart=True)
        yield from _notifiers(layer, path)
        waiting.extend(reversed([*_within(layer, path)]))


def _mention(layer: Any, kind: ReferenceKind, path: Path, *, apart: bool) -> Iterator[Mention]:
    text = layer.get(kind.value) if isinstance(layer, dict) else None
    if isinstance(text, str):
        yield Mention(kind, text, (*path, kind.value), apart)


def _presets(layer: dict[str, Any], path: Path) -> Iterator[Mention]:
    names = layer.get("presets")
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",")]
    for index, name in enumerate(names if isinstance(names, list) else ()):
        if isinstance(name, str) and name:
            yield Mention(ReferenceKind.PRESET, name, (*path, "presets", index), apart=True)


def _apart(layer: dict[str, Any], path: Path) -> Iterator[tuple[Any, Path]]:
    yield layer.get("build"), (*path, "build")
    yield from _entries(layer, "hooks", path)
    matrix = layer.get("matrix")
    if isinstance(matrix, dict):
        yield matrix.get("tuner"), (*path, "matrix", "tuner")


NOTIFIERS: Final[Mapping[str, str]] = {
    "webhook": "notify/webhook",
    "slack": "notify/slack",
    "mattermost": "notify/slack",
    "email": "notify/email",
}
"""The component that sends a notification to a connection, by its kind."""


def _notifiers(layer: dict[str, Any], path: Path) -> Iterator[Mention]:
    plugins = layer.get("plugins")
    if isinstance(plugins, dict) and plugins.get("notifications"):
        for name in dict.fromkeys(NOTIFIERS.values()):
            yield Mention(ReferenceKind.HUB, name, (*path, "plugins", "notifications"), apart=True)


def _within(layer: dict[str, Any], path: Path) -> Iterator[tuple[Any, Path]]:
    if "component" in layer:
        yield layer["component"], (*path, "component")
    run = layer.get("run")
    if isinstance(run, dict):
        yield from _entries(run, "components", (*path, "run"))
        yield from _entries(run, "operations", (*path, "run"))


def _entries(layer: dict[str, Any], name: str, path: Path) -> Iterator[tuple[Any, Path]]:
    entries = layer.get(name)
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        yield entry, (*path, name, index)


def resolved(kind: ReferenceKind, text: str, owner: Reference) -> Reference | Finding:
    """Return what a reference in a document leads to.

    Args:
        kind: the field that it is written in.
        text: what is written there.
        owner: the document that it is written in.

    Returns:
        The document that is meant, or what is wrong with the text; the finding has no path.
    """
    if (wrong := _unreadable(kind, text)) is not None:
        return wrong
    if kind is ReferenceKind.HUB:
        return _of_hub(text)
    if kind is ReferenceKind.PRESET:
        return _of_preset(text)
    if kind is ReferenceKind.URL:
        return _of_url(text)
    return _of_path(text, owner)


def _unreadable(kind: ReferenceKind, text: str) -> Finding | None:
    if not text.strip():
        return _wrong(f"`{kind.value}` is empty")
    if "{{" in text:
        return _wrong(f"`{kind.value}` is read before anything has a value; templates cannot stand in it")
    if len(text) > MAX_LENGTH:
        return _wrong(f"`{kind.value}` has more than {MAX_LENGTH:,} characters")
    if not text.isprintable():
        return _wrong(f"`{kind.value}` has a character that cannot be printed: {text[:60]!r}")
    return None


def _wrong(message: str, hint: str = "") -> Finding:
    return Finding(Code.REFERENCE, message, hint=hint)


_WORD: Final = r"[A-Za-z0-9_][-A-Za-z0-9_.]{0,127}"
_PRESET: Final = r"[\w][-\w. ]{0,127}"
_HUB: Final = re.compile(rf"(?:({_WORD})/)?({_WORD})(?::({_WORD}))?")


def _of_hub(text: str) -> Reference | Finding:
    match = _HUB.fullmatch(text)
    if match is not None:
        owner = f"{match[1]}/" if match[1] else ""
        return Reference(ReferenceKind.HUB, f"{owner}{match[2]}:{match[3] or LATEST}")
    hint = ""
    if "://" in text:
        hint = "write `urlRef:` for a URL"
    elif text.startswith((".", "/")) or text.endswith((".yaml", ".yml")):
        hint = "write `pathRef:` for a file"
    return _wrong(f"`{text}` is no hub reference; write `NAME`, `NAME:TAG` or `OWNER/NAME:TAG`", hint)


def _of_preset(text: str) -> Reference | Finding:
    if re.fullmatch(_PRESET, text):
        return Reference(ReferenceKind.PRESET, text)
    return _wrong(f"`{text}` is no name of a preset")


def hub_parts(name: str) -> tuple[str, str]:
    """Return `[OWNER/]NAME` and the tag of a hub reference's name; the file in a hub is `NAME/TAG.yaml`."""
    component, _, tag = name.rpartition(":")
    return component, tag


def _of_url(text: str) -> Reference | Finding:
    parts = url_parts(text)
    if isinstance(parts, Finding):
        return parts
    return Reference(ReferenceKind.URL, parts.geturl())


def url_parts(text: str) -> SplitResult | Finding:
    """Return the parts of a URL that may be fetched, without its fragment, or what is wrong with it."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        return _wrong(f"`{text}` is no URL: {error}")
    if parts.scheme not in ("http", "https") or not host:
        return _wrong(f"`{text}` is no URL that can be fetched; write `https://…` or `http://…`")
    if parts.username is not None or parts.password is not None:
        return Finding(Code.REFERENCE_FORBIDDEN, "a URL must not contain a user name or password")
    if " " in text or port == 0:
        return _wrong(f"`{text}` is no URL: it has a {'space' if ' ' in text else 'port 0'}")
    return parts._replace(netloc=parts.netloc.lower(), fragment="")


_SCHEME: Final = re.compile(r"[A-Za-z][-+.A-Za-z0-9]*://")


def _of_path(text: str, owner: Reference) -> Reference | Finding:
    if _SCHEME.match(text):
        return _wrong(f"`{text}` is no path", "write `urlRef:` for a URL")
    if owner.kind is ReferenceKind.URL:
        return _at_url(text, owner)
    if owner.kind is ReferenceKind.HUB:
        return _in_hub(text, hub_parts(owner.name)[0], owner.name)
    if owner.within:
        return _in_hub(text, dirname(owner.name), owner.within)
    return Reference(ReferenceKind.PATH, _normal(join(dirname(owner.name), text)))


def _at_url(text: str, owner: Reference) -> Reference | Finding:
    """Return the neighbour of a document that came from a URL, on the same server."""
    path = urlsplit(owner.name).path
    if isabs(text) or _climbs(_normal(join(dirname(path).lstrip("/"), text))):
        return _leaves(text, owner)
    return _of_url(urljoin(owner.name, text.replace("?", "%3F").replace("#", "%23")))


def _in_hub(text: str, folder: str, within: str) -> Reference | Finding:
    path = _normal(join(folder, text))
    if isabs(text) or _climbs(path):
        return _leaves(text, Reference(ReferenceKind.HUB, within))
    return Reference(ReferenceKind.PATH, path, within)


def _leaves(text: str, owner: Reference) -> Finding:
    place = "hub" if owner.kind is ReferenceKind.HUB else "server"
    return Finding(
        Code.REFERENCE_FORBIDDEN,
        f"pathRef `{text}` leaves the {place} that `{owner.source}` came from",
        hint="a path in such a document is relative to it",
    )


def _climbs(path: str) -> bool:
    return path == ".." or path.startswith("../")


def _normal(path: str) -> str:
    normal = normpath(path)
    return normal[1:] if normal.startswith("//") else normal

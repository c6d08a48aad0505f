"""One port for all references: which of them is read how."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding
from polyflow_shared.language.references import Reference, ReferenceKind
from polyflow_shared.references.errors import NotReadError
from polyflow_shared.references.files import Files
from polyflow_shared.references.hubs import Hubs, hub_at
from polyflow_shared.references.presets import read_preset

MAX_FAILURES = 20
"""Addresses of the web that may fail before no further one is asked: each may take ten seconds."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where references may lead to.

    Attributes:
        hubs: folders and URLs, searched in this order.
        private_hosts: hosts of URLs that may be at private addresses.
        presets: folders of saved presets, searched in this order.
        files: what reads files; none where files are not this machine's business.
    """

    hubs: Sequence[str] = ()
    private_hosts: Sequence[str] = ()
    presets: Sequence[Path] = ()
    files: Files | None = None


class Fetcher:
    """Reads whatever references lead to; fills in `language.sources.Fetch`.  One serves one specification."""

    def __init__(self, places: Places) -> None:
        """Read from these places."""
        self._places = places
        self._hubs = Hubs([hub_at(place) for place in places.hubs])
        self._failures = 0

    def __call__(self, reference: Reference) -> str | Finding:
        """Return the text that a reference leads to, or why there is none."""
        try:
            return self._read(reference)
        except NotReadError as error:
            self._failures += reference.kind is ReferenceKind.URL
            return error.finding

    def _read(self, reference: Reference) -> str | Finding:
        if reference.kind is ReferenceKind.HUB:
            return self._hubs.read(reference.name)
        if reference.kind is ReferenceKind.PRESET:
            return read_preset(reference.name, self._places.presets)
        if reference.kind is ReferenceKind.URL:
            return self._of_web(reference.name)
        if reference.within:
            return self._hubs.read_beside(reference.within, reference.name)
        if self._places.files is None:
            return not_sent(reference)
        return self._places.files.read(reference.name)

    def _of_web(self, url: str) -> str | Finding:
        if self._failures >= MAX_FAILURES:
            message = f"{url} was not asked for, after {MAX_FAILURES} others could not be fetched"
            return Finding(Code.REFERENCE_LIMIT, message)
        from polyflow_shared.references.web import Web  # noqa: PLC0415 (16 ms)

        return Web(private_hosts=self._places.private_hosts).read(url)


def not_sent(reference: Reference) -> Finding:
    """Return why a file is refused that only its user's machine has."""
    return Finding(
        Code.REFERENCE_NOT_SENT,
        f"the file `{reference.name}` did not come with the request",
        hint="who reads the specification sends the files that it refers to, as `polyflow run` does",
    )

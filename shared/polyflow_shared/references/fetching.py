"""One port for all references: which of them is read how."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding
from polyflow_shared.language.references import Reference, ReferenceKind
from polyflow_shared.references.errors import NotReadError
from polyflow_shared.references.files import Files
from polyflow_shared.references.hubs import Hubs, WebHub, hub_at
from polyflow_shared.references.presets import read_preset

MAX_FAILURES: Final = 20
"""Documents of the web that may fail before no further one is asked for."""
MAX_SECONDS: Final = 60.0
"""Time after which no further document of the web is asked for."""
Monotonic = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Places:
    """Where references may lead to.

    Attributes:
        hubs: folders and URLs, searched in this order.
        private_hosts: hosts of URLs that may be at private addresses.
        presets: folders of saved presets, searched in this order.
        files: what reads files; none where files are not this machine's business.
        connections: the file with the catalogue of connections, if there is one.
    """

    hubs: Sequence[str] = ()
    private_hosts: Sequence[str] = ()
    presets: Sequence[Path] = ()
    files: Files | None = None
    connections: Path | None = None


class Fetcher:
    """Reads whatever references lead to; fills in `language.sources.Fetch`.  One serves one specification."""

    def __init__(self, places: Places, *, monotonic: Monotonic | None = None) -> None:
        """Read from these places.

        Args:
            places: where to look.
            monotonic: returns seconds from some fixed moment; the machine's clock if not given.
        """
        self._places = places
        self._hubs = Hubs([hub_at(place) for place in places.hubs])
        self._web_hubs = any(isinstance(hub, WebHub) for hub in self._hubs.hubs)
        self._monotonic = monotonic
        self._failures = 0
        self._seconds = 0.0

    def __call__(self, reference: Reference) -> str | Finding:
        """Return the text that a reference leads to, or why there is none."""
        try:
            return self._of_web(reference) if self._is_remote(reference) else self._read(reference)
        except NotReadError as error:
            return error.finding

    def _is_remote(self, reference: Reference) -> bool:
        in_hub = reference.kind is ReferenceKind.HUB or bool(reference.within)
        return reference.kind is ReferenceKind.URL or (in_hub and self._web_hubs)

    def _of_web(self, reference: Reference) -> str | Finding:
        """Read something that may make us wait, unless we have waited long enough already."""
        if self._failures >= MAX_FAILURES or self._seconds >= MAX_SECONDS:
            message = f"{reference} was not asked for: others before it took too long, or too many failed"
            return Finding(Code.REFERENCE_LIMIT, message)
        monotonic = self._monotonic or _system_seconds()
        begun = monotonic()
        try:
            return self._read(reference)
        except NotReadError:
            self._failures += 1
            raise
        finally:
            self._seconds += monotonic() - begun

    def _read(self, reference: Reference) -> str | Finding:
        if reference.kind is ReferenceKind.HUB:
            return self._hubs.read(reference.name)
        if reference.kind is ReferenceKind.PRESET:
            return read_preset(reference.name, self._places.presets)
        if reference.kind is ReferenceKind.URL:
            from polyflow_shared.references.web import Web  # noqa: PLC0415 (16 ms)

            return Web(private_hosts=self._places.private_hosts).read(reference.name)
        if reference.within:
            return self._hubs.read_beside(reference.within, reference.name)
        if self._places.files is None:
            return not_sent(reference)
        return self._places.files.read(reference.name)


def _system_seconds() -> Monotonic:
    from polyflow_shared.clock import SystemClock  # noqa: PLC0415 (it brings asyncio: 50 ms)

    return SystemClock().monotonic


def not_sent(reference: Reference) -> Finding:
    """Return why a file is refused that only its user's machine has."""
    return Finding(
        Code.REFERENCE_NOT_SENT,
        f"the file `{reference.name}` did not come with the request",
        hint="who reads the specification sends the files that it refers to, as `polyflow run` does",
    )

"""The spec validator's knobs."""

from pathlib import Path

from polyflow_shared.references.fetching import Places
from polyflow_shared.settings import ServiceSettings


class SpecValidatorSettings(ServiceSettings):
    """Every knob, its unit and its default."""

    clusters: frozenset[str] = frozenset({"local"})
    """Names of the clusters that operations may be sent to, as a JSON list; each needs its pod launcher."""
    hubs: tuple[str, ...] = ()
    """Folders and URLs of components (`hubRef`), searched in this order, as a JSON list."""
    presets: tuple[Path, ...] = ()
    """Folders of saved presets, searched in this order, as a JSON list."""
    private_hosts: tuple[str, ...] = ()
    """Hosts of `urlRef` and of hubs that may be at private addresses, as a JSON list."""

    @property
    def places(self) -> Places:
        """Where references are looked for."""
        return Places(self.hubs, self.private_hosts, self.presets)

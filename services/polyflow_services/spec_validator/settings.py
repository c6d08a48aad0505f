"""The spec validator's knobs."""

from pathlib import Path
from typing import Annotated

from polyflow_shared.hosting.settings import SEVERAL, LimitSettings, Place, ServiceSettings
from polyflow_shared.references.fetching import Places


class SpecValidatorSettings(ServiceSettings, LimitSettings):
    """Every knob, its unit and its default; lists are written with commas, or as JSON lists."""

    clusters: Annotated[frozenset[str], *SEVERAL] = frozenset({"local"})
    """Names of the clusters that operations may be sent to; each needs its pod launcher."""
    hub: Annotated[tuple[str, ...], *SEVERAL] = ()
    """Folders and URLs of components (`hubRef`), searched in this order."""
    presets: Annotated[tuple[Path, ...], *SEVERAL] = ()
    """Folders of saved presets, searched in this order."""
    private_hosts: Annotated[tuple[str, ...], *SEVERAL] = ()
    """Hosts of `urlRef` that may be at private addresses; those of hubs may be anyhow."""
    connections: Place | None = None
    """The file with the catalogue of connections; without one there are none."""

    @property
    def places(self) -> Places:
        """Where references are looked for."""
        return Places(self.hub, self.private_hosts, self.presets)

"""The spec validator's knobs."""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from polyflow_shared.home import listed
from polyflow_shared.references.fetching import Places
from polyflow_shared.settings import ServiceSettings


def _several(value: Any) -> Any:
    """Return the parts of a text with commas or of a JSON list; anything else is left to the check."""
    if not isinstance(value, str):
        return value
    return json.loads(value) if value.lstrip().startswith("[") else listed(value)


_Several = (NoDecode, BeforeValidator(_several))
"""The command line reads variables of the same names, with commas."""


class SpecValidatorSettings(ServiceSettings):
    """Every knob, its unit and its default; lists are written with commas, or as JSON lists."""

    clusters: Annotated[frozenset[str], *_Several] = frozenset({"local"})
    """Names of the clusters that operations may be sent to; each needs its pod launcher."""
    hubs: Annotated[tuple[str, ...], *_Several] = ()
    """Folders and URLs of components (`hubRef`), searched in this order."""
    presets: Annotated[tuple[Path, ...], *_Several] = ()
    """Folders of saved presets, searched in this order."""
    private_hosts: Annotated[tuple[str, ...], *_Several] = ()
    """Hosts of `urlRef` that may be at private addresses; those of hubs may be anyhow."""

    @property
    def places(self) -> Places:
        """Where references are looked for."""
        return Places(self.hubs, self.private_hosts, self.presets)

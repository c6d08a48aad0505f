"""Saved presets: files `NAME.yaml` in folders that an installation, or a user, keeps for them."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from polyflow_shared.language.findings import Nearest
from polyflow_shared.references.errors import MissingError
from polyflow_shared.references.files import read_file

SUFFIXES: Final = (".yaml", ".yml", ".json")
MAX_LISTED: Final = 1000
"""Presets that suggestions are made of."""


def read_preset(name: str, folders: Sequence[Path]) -> str:
    """Return the text of a saved preset.

    Args:
        name: its name: a word, never a path.
        folders: where to look, in this order.

    Raises:
        MissingError: there is none of this name.
        NotReadError: it may not be read, or is no text.
    """
    for folder in folders:
        for suffix in SUFFIXES:
            path = folder / f"{name}{suffix}"
            if path.is_file():
                return read_file(path.resolve(), str(path))
    searched = ", ".join(f"`{folder}`" for folder in folders) or "nowhere"
    message = f"there is no preset `{name}`; searched: {searched}"
    raise MissingError(message, Nearest(name, list(islice(_names(folders), MAX_LISTED))))


def _names(folders: Sequence[Path]) -> Iterator[str]:
    for folder in folders:
        if folder.is_dir():
            yield from (path.stem for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES)

"""Files of this machine, read only below the folders that may be read."""

import os
import stat
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from posixpath import dirname, join
from typing import Final

from polyflow_shared.language.findings import Nearest
from polyflow_shared.references.errors import (
    MAX_BYTES,
    ForbiddenError,
    MissingError,
    UnreachableError,
    text_of,
)

_WITHOUT_WAITING: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
"""Opening a pipe would wait for somebody to write into it."""
MAX_LISTED: Final = 1000
"""Files that suggestions are made of."""


class Files:
    """Reads files by their names."""

    def __init__(self, workdir: Path, roots: Sequence[Path]) -> None:
        """Read below these folders only.

        Args:
            workdir: where names are relative to.
            roots: the folders; symbolic links in their own paths are followed.
        """
        self._workdir = workdir
        self._roots = list(dict.fromkeys(root.resolve() for root in roots))

    def read(self, name: str) -> str:
        """Return the text of a file.

        Raises:
            NotReadError: there is no such file, or it may not be read, or is no text.
        """
        path = _resolved(self._workdir / name, name)
        if not any(path.is_relative_to(root) for root in self._roots):
            roots = ", ".join(f"`{root}`" for root in self._roots)
            message = f"`{name}` is outside of the folders that may be read: {roots}"
            raise ForbiddenError(message, "allow its folder with `--root`, or move the file")
        try:
            return read_file(path, name)
        except MissingError as error:
            raise MissingError(str(error), Nearest(name, _beside(path, name))) from error


def _beside(path: Path, name: str) -> list[str]:
    """Return the names, written like `name`, of the specifications in a file's folder."""
    files = (other for suffix in ("*.yaml", "*.yml", "*.json") for other in path.parent.glob(suffix))
    return [join(dirname(name), other.name) for other in islice(files, MAX_LISTED)]


def read_file(path: Path, name: str) -> str:
    """Return the text of a file whose path has no symbolic links any more.

    Args:
        path: where it is.
        name: what to call it.

    Raises:
        NotReadError: there is no such file, or it is no text of at most `MAX_BYTES`.
    """
    try:
        return text_of(_read(path, name), f"`{name}`")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingError(f"there is no file `{name}`") from error
    except OSError as error:
        raise UnreachableError(f"`{name}` cannot be read: {error.strerror}") from error


def _read(path: Path, name: str) -> bytes:
    descriptor = os.open(path, _WITHOUT_WAITING)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnreachableError(f"`{name}` is not a file")
    with open(descriptor, "rb") as opened:
        return opened.read(MAX_BYTES + 1)


def _resolved(path: Path, name: str) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # links that lead to each other
        raise UnreachableError(f"`{name}` leads nowhere: {error}") from error

"""Unix sockets by paths of any length.

The kernel takes 107 bytes (`sun_path`, unix(7)); a longer path is reached through a descriptor of its folder.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_MAX_PATH_BYTES: Final = 100
"""Below the 108 of Linux and the 104 of macOS."""


def listen(path: Path) -> socket.socket:
    """Return a socket that listens at `path`, for this user alone; what was there before is replaced.

    Raises:
        OSError: the folder cannot be written, or the path is too long on a machine without /proc.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Whoever may connect may run commands; the mode is set before there is anything to connect to.
    mask = os.umask(0o177)
    try:
        with _short(path) as address:
            listening.bind(address)
    except OSError:
        listening.close()
        raise
    finally:
        os.umask(mask)
    listening.listen()
    listening.setblocking(False)
    return listening


def connect(path: Path) -> socket.socket:
    """Return a socket that is connected to the one listening at `path`.

    Raises:
        OSError: nobody listens there.
    """
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short(path) as address:
            connected.connect(address)
    except OSError:
        connected.close()
        raise
    connected.setblocking(False)
    return connected


@contextmanager
def _short(path: Path) -> Iterator[str]:
    address = os.fspath(path)
    if len(os.fsencode(address)) <= _MAX_PATH_BYTES or not os.path.isdir("/proc/self/fd"):
        yield address
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)

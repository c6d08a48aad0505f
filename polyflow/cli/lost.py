"""Output that cannot be written: nobody reads it any more, or a full disk has no room for it."""

import errno
import os
from typing import Final, TextIO

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What a write is refused with where there is no room."""


def discard(*streams: TextIO | None) -> None:
    """Send to nowhere what is still to be written to these streams, and what is to come."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in filter(None, streams):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)

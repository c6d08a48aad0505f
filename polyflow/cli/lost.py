"""Output that cannot be written: nobody reads it any more, or a full disk has no room for it."""

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TextIO

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What a write is refused with where there is no room."""
UNREAD: Final = 128 + signal.SIGPIPE
"""Exit status where nobody reads the output any more (`| head`), as a shell says it of `cat` or `git`.

Not 0: what `check` has found, or `topics check`, nobody knows then.
"""


def discard(*streams: TextIO | None) -> None:
    """Send to nowhere what is still to be written to these streams, and what is to come."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in filter(None, streams):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


@contextmanager
def as_far_as_read() -> Iterator[None]:
    """Print what is beside the point for as long as somebody reads it: how a run has ended is known."""
    try:
        yield
    except BrokenPipeError:
        discard(sys.stdout)


@contextmanager
def ended_where_unread() -> Iterator[None]:
    """End the command in silence where nobody reads what it prints.

    Click itself would end with 1, which says of some commands that something is wrong.
    """
    try:
        yield
    except BrokenPipeError:
        discard(sys.stdout, sys.stderr)
        sys.exit(UNREAD)

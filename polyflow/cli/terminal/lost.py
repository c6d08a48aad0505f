"""How a command ends whose output cannot be written (unread, closed, no room), or at Ctrl-C."""

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What a write is refused with where there is no room."""
UNREAD: Final = 128 + signal.SIGPIPE
"""Exit status where nobody reads the output any more (`| head`), as a shell says it of `cat` or `git`.

Not 0: what `check` has found, or `topics check`, nobody knows then.
"""
INTERRUPTED: Final = 128 + signal.SIGINT
"""Exit status after Ctrl-C."""


def discard(*streams: TextIO | None) -> None:
    """Send to nowhere what is still to be written to these streams, and what is to come."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in filter(None, streams):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def open_closed() -> None:
    """Let the standard streams that were closed before the start (`>&-`) lead to nowhere.

    Their numbers are taken by it, so that no file gets them and is written to by accident.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - for as long as we live


@contextmanager
def written_in(folder: Path) -> Iterator[None]:
    """Let a write for which there is no room say where that is: the system names no folder itself."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM and error.filename is None:
            error.filename = str(folder)
        raise


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


@contextmanager
def ended_by_interrupt() -> Iterator[None]:
    """End the command in silence at a Ctrl-C that nothing else takes notice of.

    Click itself would end with `Aborted!` and 1, which says of some commands that something has failed.
    """
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)

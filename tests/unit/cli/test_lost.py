"""Writes for which there is no room."""

import errno
from pathlib import Path

import pytest

from polyflow.cli.terminal.lost import written_in


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "/home/runs/x"),
        (OSError(errno.ENOSPC, "No space left on device", "/other"), "/other"),
        (OSError(errno.EIO, "Input/output error"), None),
    ],
)
def test_a_write_without_room_says_where_it_was(error: OSError, said: str | None) -> None:
    with pytest.raises(OSError, match=error.strerror) as raised, written_in(Path("/home/runs/x")):
        raise error
    assert raised.value.filename == said

"""A terminal of its own for a command: what it draws, and keys that are pressed."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
from types import TracebackType

from tests.e2e.command import POLYFLOW, SOON, CommandLine

CTRL_C = b"\x03"
_SIZES = {"COLUMNS", "LINES"}
"""Variables that would overrule the size of the terminal."""
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """Runs `polyflow` in a pseudo-terminal."""

    def __init__(self, polyflow: CommandLine, *words: object, rows: int = 40, columns: int = 100) -> None:
        environment = {name: value for name, value in polyflow.environment.items() if name not in _SIZES}
        self.drawn = ""
        self.status: int | None = None
        self._pid, self._screen = pty.fork()
        if self._pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.chdir(polyflow.folder)
            command = [str(POLYFLOW), *map(str, words)]
            os.execve(command[0], command, environment | {"TERM": "xterm-256color"})

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.status is None:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        os.close(self._screen)

    def press(self, keys: bytes) -> None:
        os.write(self._screen, keys)

    def wait_for(self, text: str) -> None:
        """Return when the text has been drawn after all that was waited for before."""
        seen = len(self.drawn)
        while text not in self.drawn[seen:]:
            if not self._read():
                raise AssertionError(f"{text!r} was not drawn: {self.drawn}")

    def last_frame(self) -> list[str]:
        """Return the lines that stay on the screen from the last frame on, after the command has ended."""
        while self._read():
            pass
        self.status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        # A carriage return begins the line anew.
        drawn = self.drawn.replace("\r\n", "\n").split("\n")
        lines = [line.rpartition("\r")[2].rstrip() for line in drawn]
        heading = max(index for index, line in enumerate(lines) if line.startswith("OPERATION"))
        return lines[heading:]

    def close(self) -> int:
        """Close the terminal; return the command's exit status, once it has ended."""
        os.close(self._screen)
        self._screen = os.open(os.devnull, os.O_RDONLY)
        self.status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return self.status

    def _read(self) -> bool:
        if not select.select([self._screen], [], [], SOON)[0]:
            raise TimeoutError(f"nothing more was drawn: {self.drawn}")
        try:
            data = os.read(self._screen, 65536)
        except OSError:  # Linux says so when the other side is closed
            return False
        self.drawn += _CONTROL.sub("", data.decode(errors="replace"))
        return bool(data)

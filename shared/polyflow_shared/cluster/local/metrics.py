"""The metrics that a process writes: JSON lines in a file that grows.

A line is `{"values": {"loss": 0.5}, "step": 3, "at": 1767225600.25}`: numbers by name, NaN and infinities
as Python's `json` writes them; the step and the time (seconds since 1970) may be missing.
"""

import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from polyflow_shared.cluster.port import Measurement, PodReport

MAX_LINE_BYTES = 64 * 1024
_CHUNK_BYTES = 256 * 1024
_MAX_STEP = 2**63


class MetricsFile:
    """Reads a metrics file from where it was read last.

    Attributes:
        line: the number of the next line.
        bad: lines that were no measurement, so far.
    """

    def __init__(self, path: str, pod: PodReport) -> None:
        """Begin at the file's beginning."""
        self._path = path
        self._pod = pod
        self._offset = 0
        self._rest = b""
        self.line = 0
        self.bad = 0

    def read(self, at: datetime, *, ended: bool = False) -> Iterator[list[Measurement]]:
        """Yield the measurements on lines that are complete, in portions.

        Args:
            at: the time of those that do not say their own.
            ended: nothing will be written any more: a last line without its end is complete.
        """
        # No further than the file reaches now: a file that grows all the time must not hold up the rest.
        end = self._size()
        while self._offset < end and (chunk := self._chunk()):
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            # What comes of a line without end is bad in any case: its first part is enough.
            self._rest = self._rest[: MAX_LINE_BYTES + 1]
            yield self._measured(lines, at)
        if ended and self._rest:
            last, self._rest = self._rest, b""
            yield self._measured([last], at)

    def _size(self) -> int:
        """Return the file's size in bytes; 0 if it is no regular file (a link to /dev/zero never ends)."""
        try:
            status = os.stat(self._path)
        except OSError:
            return 0
        return status.st_size if stat.S_ISREG(status.st_mode) else 0

    def _chunk(self) -> bytes:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        except FileNotFoundError:
            return b""
        try:
            chunk = os.pread(descriptor, _CHUNK_BYTES, self._offset)
        except OSError:  # a pipe or a folder in the file's place
            return b""
        finally:
            os.close(descriptor)
        self._offset += len(chunk)
        return chunk

    def _measured(self, lines: list[bytes], at: datetime) -> list[Measurement]:
        found = []
        for line in lines:
            measured = _measurement(line, self._pod, self.line, at)
            self.line += 1
            if measured is not None:
                found.append(measured)
            elif line.strip():
                self.bad += 1
        return found


def _measurement(line: bytes, pod: PodReport, number: int, at: datetime) -> Measurement | None:
    """Return the measurement on a line, or None if there is none."""
    if len(line) > MAX_LINE_BYTES or not line.strip():
        return None
    try:
        entry = json.loads(line)
        values = {_name(name): _number(value) for name, value in entry["values"].items()}
        moment = datetime.fromtimestamp(_number(entry["at"]), UTC) if "at" in entry else at
        step = _step(entry.get("step"))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError, RecursionError):
        return None
    return Measurement(pod.run, pod.operation, pod.attempt, number, step, values, moment)


def _name(name: str) -> str:
    name.encode()  # half characters cannot be sent on
    return name


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    return float(value)


def _step(value: Any) -> int | None:
    if value is None or (type(value) is int and abs(value) < _MAX_STEP):
        return value
    raise TypeError("not a step")

"""The metrics that a process writes: JSON lines in a file that grows."""

import os
import stat
from collections.abc import Iterator
from datetime import datetime

from polyflow_shared.cluster.port import Measurement, PodReport
from polyflow_shared.stated.measurements import MeasurementInvalidError, read_measurement

MAX_LINE_BYTES = 64 * 1024
_CHUNK_BYTES = 256 * 1024


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
        measured = read_measurement(line)
    except MeasurementInvalidError:
        return None
    run, operation, attempt = pod.run, pod.operation, pod.attempt
    return Measurement(run, operation, attempt, number, measured.step, measured.values, measured.at or at)

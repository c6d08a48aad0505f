"""What the processes of one attempt have sent together: numbers and outputs, in a common folder."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Sent:
    """What was sent so far.

    Attributes:
        number: of the last statement of outputs, acknowledged or not.
        acknowledged: number of the last one that was acknowledged.
        outputs: all that it said.
        lines: measurements that have a number.
        metrics: measurements that were acknowledged.
    """

    number: int = 0
    acknowledged: int = 0
    outputs: dict[str, Any] = field(default_factory=dict)
    lines: int = 0
    metrics: int = 0


class Tally:
    """The common count.  Outputs are locked while they are on their way, metrics only for a moment."""

    def __init__(self, folder: str) -> None:
        """Count in this folder, which is made if it is not there.

        Raises:
            OSError: it cannot be made.
        """
        self._folder = folder
        os.makedirs(folder, exist_ok=True)

    @contextmanager
    def outputs(self) -> Iterator[Sent]:
        """Yield what is said of outputs, and keep out others who state some.

        Raises:
            OSError: the folder cannot be used.
        """
        with self._alone("outputs"):
            yield self._read("outputs")

    def write_outputs(self, sent: Sent) -> None:
        """Write what is said of outputs; only inside of `outputs`.

        Raises:
            OSError: the folder cannot be used.
        """
        self._write("outputs", sent)

    @contextmanager
    def metrics(self) -> Iterator[Sent]:
        """Yield what is said of metrics, to be changed; it is written when the block ends.

        Raises:
            OSError: the folder cannot be used.
        """
        with self._alone("metrics"):
            sent = self._read("metrics")
            yield sent
            self._write("metrics", sent)

    def take_lines(self, count: int) -> int:
        """Return the number of the first of so many new lines, which nobody else gets.

        Raises:
            OSError: the folder cannot be used.
        """
        with self.metrics() as sent:
            first = sent.lines
            sent.lines += count
        return first

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        descriptor = os.open(os.path.join(self._folder, f"{name}.lock"), os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _read(self, name: str) -> Sent:
        try:
            with open(os.path.join(self._folder, f"{name}.json"), "rb") as file:
                return Sent(**json.load(file))
        except FileNotFoundError:
            return Sent()

    def _write(self, name: str, sent: Sent) -> None:
        path = os.path.join(self._folder, f"{name}.json")
        # Written aside: a process that is killed meanwhile must not take the count with it.
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            json.dump(asdict(sent), file)
        os.replace(f"{path}.new", path)

"""How outputs and metrics of a pod reach the gateway, and what its last word says of them.

Outputs are delivered before `log_outputs` returns, or an error is raised.  Metrics are sent in the
background: nothing about them ever stops or slows a training.
"""

import atexit
import json
import logging
import os
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from polyflow.gateway import FIRST_WAIT, Gateway, NotDeliveredError, NotNowError, deliver, pause
from polyflow.tracking.tally import Tally

OUTPUTS_WITHIN = 60.0
"""Seconds until outputs that cannot be delivered are given up."""
METRICS_WITHIN = 10.0
"""Seconds that the process waits at its end for metrics that are still on their way."""
KEPT_LINES = 10_000
"""Measurements that wait at most; then the oldest are dropped."""
LINE_BYTES = 64 * 1024
BATCH_LINES = 500
BATCH_BYTES = 200 * 1024
LAST_WORD_BYTES = 4096
"""What Kubernetes keeps of a termination message."""

_LOG = logging.getLogger("polyflow")


@dataclass(frozen=True)
class Waits:
    """How long is waited for what, in seconds.

    Attributes:
        gather: metrics wait so long for others that go with them.
        first: before a request is sent again for the first time; doubles each time.
    """

    gather: float = 0.25
    first: float = FIRST_WAIT


WAITS = Waits()


class Metrics:
    """Measurements on their way, and the thread that sends them."""

    def __init__(
        self, gateway: Gateway, tally: Tally, *, waits: Waits = WAITS, room: int = KEPT_LINES
    ) -> None:
        """Send to this gateway, and let no more than `room` wait; nothing is sent yet."""
        self._waits = waits
        self._room = room
        self._gateway = gateway
        self._tally = tally
        self._waiting: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._end = float("inf")
        self._busy = False
        self._warned = False

    def add(self, line: bytes) -> None:
        """Let a line be sent."""
        if len(line) > LINE_BYTES:
            self._warn(f"a measurement of more than {LINE_BYTES} bytes is dropped")
            return
        with self._changed:
            if len(self._waiting) >= self._room:
                self._waiting.popleft()
                self._warn(f"more than {self._room} measurements wait to be sent: the oldest are dropped")
            self._waiting.append(line)
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="polyflow-metrics", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def close(self, patience: float) -> None:
        """Send what waits, for so many seconds at most."""
        with self._changed:
            if self._thread is None:
                return
            self._end = time.monotonic() + patience
            self._changed.notify_all()
        self._thread.join(patience + 1.0)
        with self._changed:
            if self._waiting or self._busy:
                self._warn("measurements were not delivered before the process ended")

    def _serve(self) -> None:
        while batch := self._batch():
            try:
                self._send(batch)
            except (NotDeliveredError, OSError, ValueError, TypeError) as error:
                self._warn(f"measurements are lost: {error}")
            self._busy = False

    def _batch(self) -> Sequence[bytes]:
        """Return what is to be sent next; nothing at the end."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._ending)
            gather = self._waits.gather
            self._changed.wait_for(lambda: len(self._waiting) >= BATCH_LINES or self._ending, gather)
            batch: list[bytes] = []
            size = 0
            while self._waiting and len(batch) < BATCH_LINES and size + len(self._waiting[0]) < BATCH_BYTES:
                batch.append(self._waiting.popleft())
                size += len(batch[-1]) + 1
            self._busy = bool(batch)
            return batch

    @property
    def _ending(self) -> bool:
        return self._end != float("inf")

    def _send(self, batch: Sequence[bytes]) -> None:
        first = self._tally.take_lines(len(batch))
        body = b"\n".join(batch)
        failures = 0
        while True:
            try:
                self._gateway.post(f"/metrics?first={first}", body)
                break
            except NotNowError as error:
                failures += 1
                if not self._wait(pause(failures, error.wait, first=self._waits.first)):
                    raise
        with self._tally.metrics() as sent:
            sent.metrics += len(batch)

    def _wait(self, seconds: float) -> bool:
        """Wait before the next try; return False where there is no time for one."""
        with self._changed:
            ending = self._ending
            self._changed.wait_for(lambda: self._ending and not ending, seconds)
            return time.monotonic() < self._end

    def _warn(self, text: str) -> None:
        if not self._warned:
            self._warned = True
            _LOG.warning("polyflow: %s", text)


class Delivery:
    """What one process delivers."""

    def __init__(self, gateway: Gateway, tally: Tally, last_word: str, *, waits: Waits = WAITS) -> None:
        """Send to this gateway; the last word goes to the file of that name, if it has one."""
        self._gateway = gateway
        self._tally = tally
        self._last_word = last_word
        self._waits = waits
        self._metrics = Metrics(gateway, tally, waits=waits)

    def state(self, values: dict[str, Any], written: Callable[[dict[str, Any]], bytes]) -> None:
        """Deliver outputs, together with those of earlier calls and of other processes of the attempt.

        Args:
            values: outputs by name.
            written: turns all of them into JSON, or raises an error.

        Raises:
            NotDeliveredError: the gateway does not have them.
            OSError: the folder in which they are counted cannot be used.
        """
        with self._tally.outputs() as sent:
            body = written({**sent.outputs, **values})
            # A number is used once: what was not acknowledged may have arrived all the same.
            sent.number += 1
            self._tally.write_outputs(sent)
            path = f"/outputs?number={sent.number}"
            deliver(lambda: self._gateway.post(path, body), OUTPUTS_WITHIN, first=self._waits.first)
            sent.acknowledged = sent.number
            sent.outputs = json.loads(body)
            self._tally.write_outputs(sent)

    def measure(self, line: bytes) -> None:
        """Let a measurement be sent."""
        self._metrics.add(line)

    def close(self) -> None:
        """Send what waits and leave the last word; never raise an error."""
        self._metrics.close(METRICS_WITHIN)
        # Of a program that dies of an error, Kubernetes shows the end of the log where there is no message.
        if self._last_word and getattr(sys, "last_value", None) is None:
            try:
                write_in_place(self._last_word, self._said())
            except (OSError, ValueError) as error:
                _LOG.warning("polyflow: no last word: %s", error)

    def _said(self) -> bytes:
        with self._tally.outputs() as sent, self._tally.metrics() as measured:
            counts = {"outputs": sent.acknowledged, "metrics": measured.metrics}
        whole = json.dumps({"polyflow": 1, "outputs": sent.outputs, "acknowledged": counts}).encode()
        if len(whole) <= LAST_WORD_BYTES:
            return whole
        return json.dumps({"polyflow": 1, "acknowledged": counts}).encode()


def measure(line: bytes) -> None:
    """Let a measurement be sent; never raise an error."""
    try:
        current().measure(line)
    except (OSError, RuntimeError) as error:
        # No folder, or no more threads at the interpreter's end.
        _warn_once(f"metrics are not sent: {error}")


@lru_cache(maxsize=16)
def _warn_once(text: str) -> None:
    _LOG.warning("polyflow: %s", text)


def write_in_place(path: str, data: bytes) -> None:
    """Write a file that cannot be replaced, for it is mounted by itself.

    Raises:
        OSError: it cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)


_lock = threading.Lock()
_current: Delivery | None = None


def current() -> Delivery:
    """Return what this process delivers with, by its environment.

    Raises:
        OSError: the folder in which is counted what was sent cannot be made.
    """
    global _current  # noqa: PLW0603 -- one a process, as its environment is
    with _lock:
        if _current is None:
            folder = os.environ.get("POLYFLOW_TRACKING_PATH") or tempfile.mkdtemp(prefix="polyflow-")
            gateway = Gateway(os.environ["POLYFLOW_GATEWAY"], os.environ.get("POLYFLOW_TOKEN", ""))
            _current = Delivery(gateway, Tally(folder), os.environ.get("POLYFLOW_OUTPUTS", ""))
            atexit.register(_current.close)
        return _current


def _begin_anew() -> None:
    global _current, _lock
    if _current is not None:
        atexit.unregister(_current.close)
    _current, _lock = None, threading.Lock()


# A fork has the parent's memory and not its threads.
os.register_at_fork(after_in_child=_begin_anew)

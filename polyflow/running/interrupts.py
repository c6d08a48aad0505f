"""What Ctrl-C means: the first time the run is stopped, the second time its processes are killed."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any

WORDS = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "the signal TERM", signal.SIGHUP: "the terminal was closed"}
"""What a stop is said to come from."""


class Interrupts:
    """Takes notice of Ctrl-C and of a request to terminate."""

    def __init__(
        self,
        stop: Callable[[str], Coroutine[Any, Any, None]],
        kill: Callable[[], Coroutine[Any, Any, None]],
        tell: Callable[[str], None],
    ) -> None:
        """Stop gently by `stop`, which is told why, at once by `kill`, and tell the user what happens."""
        self._stop = stop
        self._kill = kill
        self._tell = tell
        self._tasks: set[asyncio.Task[None]] = set()
        self.count = 0

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        """Take notice of one."""
        if self.count:
            self._begin(self._kill())
        else:
            self._tell("stopping; Ctrl-C again kills what still runs")
            self._begin(self._stop(WORDS[number]))

    def hang_up(self, why: str) -> None:
        """Stop the run, unless that has been asked for; nothing is killed for it."""
        if not self.count:
            self._tell(f"{why}; stopping, Ctrl-C kills what still runs")
            self._begin(self._stop(why))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self.count += 1
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def on_signals(notice: Callable[[signal.Signals], object]) -> None:
    """Have INT, TERM and HUP (the terminal was closed) noticed from now on, by this and nobody else."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, notice, number)


async def until_signal(work: Coroutine[Any, Any, None], *, within: float) -> None:
    """Do some work, and leave it where it is when a signal comes, or when so many seconds (>= 0) are over."""
    task = asyncio.ensure_future(work)
    on_signals(lambda _: task.cancel())
    await asyncio.wait({task}, timeout=within)
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.result()

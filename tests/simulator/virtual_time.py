"""An asyncio loop whose time passes only when there is nothing else to do, and in which order is certain."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

START: Final = datetime(2026, 1, 1, tzinfo=UTC)


class StuckError(Exception):
    """Everybody waits for somebody else, and no time will help."""


class _Task(asyncio.Task[Any]):
    """A task with a number: sets of tasks, which our code cancels in their order, are in the same order each time."""

    _numbers = count()

    def __init__(self, coro: Coroutine[Any, Any, Any], **more: Any) -> None:
        self._number = next(_Task._numbers)
        super().__init__(coro, **more)

    def __hash__(self) -> int:
        return self._number


class _Selector(selectors.BaseSelector):
    """Watches nothing; to wait is to let time pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise StuckError
        self.now += max(timeout, 0.0)
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        raise NotImplementedError("there is no IO here")

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        raise NotImplementedError("there is no IO here")

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return {}


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time, which begins at 0 seconds."""

    def __init__(self) -> None:
        self._clockwork = _Selector()
        super().__init__(self._clockwork)
        self._clock_resolution = 1e-6
        _Task._numbers = count()
        self.set_task_factory(lambda loop, coro, **more: _Task(coro, loop=loop, **more))

    def time(self) -> float:
        """Return seconds since the beginning."""
        return self._clockwork.now

    def now(self) -> datetime:
        """Return the true time of day."""
        return START + timedelta(seconds=self._clockwork.now)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """Do it at once: a thread would take no virtual time, and end whenever it likes."""
        del executor
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whoever waits for it gets it
            done.set_exception(error)
        return done

    # A loop without IO needs no way to be woken from another thread.

    def _make_self_pipe(self) -> None: ...

    def _close_self_pipe(self) -> None: ...

    def _write_to_self(self) -> None: ...

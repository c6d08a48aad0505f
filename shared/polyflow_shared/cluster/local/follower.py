"""Tells when a file has grown: at once by inotify on Linux, every 50 ms by looking elsewhere.

inotify is called through ctypes: that takes 2 ms to load where the package inotify-simple takes 15 ms,
which the first operation of a run would wait for.
"""

import asyncio
import ctypes
import os
import struct
import sys
from collections.abc import Callable
from typing import Any, Final, Protocol

from polyflow_shared.clock import Clock
from polyflow_shared.observing.logs import log_of

Changed = Callable[[], None]

LOOK_EVERY: Final = 0.05
"""Seconds between two looks where there is no inotify."""


class Follower(Protocol):
    """Follows files that exist."""

    def follow(self, path: str, changed: Changed) -> int:
        """Call `changed` after each time the file grows; return a number to `leave` by."""

    def leave(self, number: int) -> None:
        """Stop following."""

    def close(self) -> None:
        """Stop following everything."""


def open_follower(clock: Clock) -> Follower:
    """Return the best follower for this machine."""
    if sys.platform == "linux":
        try:
            return InotifyFollower()
        except OSError as error:  # all of the user's inotify instances are taken
            log_of("cluster").warning("inotify_unavailable", reason=str(error))
    return LookingFollower(clock)


_EVENT: Final = struct.Struct("iIII")
"""Watch, mask, cookie, length of the name that follows.  Source: inotify(7)."""
_MODIFY: Final = 0x2
_OVERFLOW: Final = 0x4000
_READ_BYTES: Final = 64 * 1024


class InotifyFollower:
    """One inotify descriptor for all files, read by the event loop."""

    def __init__(self) -> None:
        """Open the descriptor.

        Raises:
            OSError: there are no more of them.
        """
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._call("inotify_init1", os.O_NONBLOCK | os.O_CLOEXEC)
        self._changed: dict[int, Changed] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._descriptor, self._read)

    def follow(self, path: str, changed: Changed) -> int:
        """Call `changed` after each time the file grows.

        Where the user's watches are used up this does nothing: metrics then come with the end of their pod.
        """
        try:
            number = self._call("inotify_add_watch", self._descriptor, os.fsencode(path), _MODIFY)
        except OSError as error:
            log_of("cluster").warning("metrics_not_followed", path=path, reason=str(error))
            return -1
        self._changed[number] = changed
        return number

    def leave(self, number: int) -> None:
        """Stop following."""
        if self._changed.pop(number, None):
            self._libc.inotify_rm_watch(self._descriptor, number)

    def close(self) -> None:
        """Stop following everything."""
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _read(self) -> None:
        events = os.read(self._descriptor, _READ_BYTES)
        numbers: set[int] = set()
        position = 0
        while position < len(events):
            number, mask, _, length = _EVENT.unpack_from(events, position)
            position += _EVENT.size + length
            numbers.update(self._changed if mask & _OVERFLOW else {number})
        for number in numbers:
            if changed := self._changed.get(number):
                changed()

    def _call(self, name: str, *arguments: Any) -> int:
        result: int = getattr(self._libc, name)(*arguments)
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result


class LookingFollower:
    """Looks at the size of all files again and again."""

    def __init__(self, clock: Clock) -> None:
        """Look by this clock."""
        self._clock = clock
        self._files: dict[int, tuple[str, Changed]] = {}
        self._sizes: dict[int, int] = {}
        self._next = 0
        self._looking: asyncio.Task[None] | None = None

    def follow(self, path: str, changed: Changed) -> int:
        """Call `changed` after each time the file grows."""
        self._next += 1
        self._files[self._next] = (path, changed)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        return self._next

    def leave(self, number: int) -> None:
        """Stop following."""
        self._files.pop(number, None)
        self._sizes.pop(number, None)

    def close(self) -> None:
        """Stop following everything."""
        self._files.clear()
        if self._looking:
            self._looking.cancel()

    async def _look(self) -> None:
        while self._files:
            for number, (path, changed) in tuple(self._files.items()):
                size = _size(path)
                if size != self._sizes.get(number, 0):
                    self._sizes[number] = size
                    changed()
            await self._clock.sleep(LOOK_EVERY)
        self._looking = None


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0

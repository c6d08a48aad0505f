"""How often one attempt may send: a bucket of tokens for each, and room for so many.  Pure."""

from collections import OrderedDict
from typing import Final

from polyflow_shared.stated.tokens import Attempt

REMEMBERED: Final = 20_000
"""Attempts that are remembered at most; one that was forgotten begins with a full bucket."""
BURST: Final = 5.0
"""Seconds' worth of requests that may come at once."""


class Buckets:
    """What each attempt may still send.

    Source: the token bucket, such as in RFC 2697, section 3, with one colour.
    """

    def __init__(self, per_second: float, remembered: int = REMEMBERED) -> None:
        """Fill buckets at this rate (> 0)."""
        self._rate = per_second
        self._size = max(1.0, per_second * BURST)
        self._remembered = remembered
        self._levels: OrderedDict[Attempt, tuple[float, float]] = OrderedDict()

    def take(self, attempt: Attempt, now: float) -> float:
        """Take one request; return 0, or the seconds after which there is room for one.

        Args:
            attempt: who sends.
            now: seconds of a clock that never goes back.
        """
        level, since = self._levels.get(attempt, (self._size, now))
        level = min(self._size, level + (now - since) * self._rate)
        wait = 0.0 if level >= 1.0 else (1.0 - level) / self._rate
        self._levels[attempt] = (level if wait else level - 1.0, now)
        self._levels.move_to_end(attempt)
        if len(self._levels) > self._remembered:
            self._levels.popitem(last=False)
        return wait

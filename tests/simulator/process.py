"""A service as a process that can be killed, frozen and slowed down at every step with an effect."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from tests.simulator.faults import Faults
from tests.simulator.virtual_time import VirtualLoop

T = TypeVar("T")


class Surroundings:
    """What everything in a world shares: time, chance, what can go wrong at present, and the story."""

    def __init__(self, loop: VirtualLoop, rng: Random, faults: Faults, *, told: bool = False) -> None:
        self.loop = loop
        self.rng = rng
        self.faults = faults
        self.story: list[str] | None = [] if told else None
        self.happened = 0
        """Faults so far."""

    def tell(self, text: Callable[[], str]) -> None:
        """Add to the story, if somebody listens."""
        if self.story is not None:
            self.story.append(f"{self.loop.time():10.3f}  {text()}")

    def chance(self, rate: float) -> bool:
        """Tell whether a fault of this rate happens now, and count it."""
        if rate and self.rng.random() < rate:
            self.happened += 1
            return True
        return False


class Life:
    """One life of a process, from a start to the next death.

    A dead one can do nothing: every step of it is cancelled before it has an effect.
    """

    def __init__(self, around: Surroundings, name: str, offset: float = 0.0) -> None:
        self.around = around
        self.name = name
        self.offset = offset
        """Seconds that its clock is ahead of the true time."""
        self.dead = False
        self.on_frozen: list[Callable[[float], None]] = []
        """Told when it freezes, and for how many seconds."""
        self.on_death: list[Callable[[], object]] = []
        self._frozen_until = 0.0

    async def step(self, what: str) -> None:
        """Take a moment, or longer; perhaps die instead of going on."""
        around, faults = self.around, self.around.faults
        if self.dead:
            raise asyncio.CancelledError
        if around.chance(faults.kill):
            self.die(what)
            raise asyncio.CancelledError
        if around.chance(faults.freeze):
            self._freeze(what)
        if seconds := self._delay(faults):
            await asyncio.sleep(seconds)
        await self.thawed()

    async def thawed(self) -> None:
        """Return when it is not frozen, unless it has died."""
        while (seconds := self._frozen_until - self.around.loop.time()) > 0:  # noqa: ASYNC110 - it may freeze anew
            await asyncio.sleep(seconds)
        if self.dead:
            raise asyncio.CancelledError

    def die(self, what: str) -> None:
        """Be dead from now on."""
        if not self.dead:
            self.dead = True
            self.around.tell(lambda: f"{self.name} is dead: {what}")
            for ended in self.on_death:
                ended()

    def dies(self, what: str) -> bool:
        """Tell whether it dies right here."""
        if not self.dead and self.around.chance(self.around.faults.kill):
            self.die(what)
        return self.dead

    def _freeze(self, what: str) -> None:
        seconds = self.around.rng.choice((1.0, 20.0, 45.0, 120.0)) * self.around.rng.uniform(0.5, 1.0)
        self._frozen_until = self.around.loop.time() + seconds
        self.around.tell(lambda: f"{self.name} freezes for {seconds:.1f} s: {what}")
        for frozen in self.on_frozen:
            frozen(seconds)

    def _delay(self, faults: Faults) -> float:
        draw = self.around.rng.random()
        if draw < 0.03 and faults.very_slow:
            return faults.very_slow * self.around.rng.random()
        return faults.slow * draw if draw > 0.75 else 0.0


class LifeClock:
    """The clock of a process: it may be wrong, but never goes backwards where that is promised."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def now(self) -> datetime:
        """Return the time of day, as this process sees it."""
        return self._life.around.loop.now() + timedelta(seconds=self._life.offset)

    def monotonic(self) -> float:
        """Return seconds since the beginning."""
        return self._life.around.loop.time()

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds, or later if the process is frozen."""
        await asyncio.sleep(seconds)
        await self._life.thawed()

"""How far a service is behind, and what stands still."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from polyflow_shared.broker.lag import Stalls, Standing
from polyflow_shared.broker.port import Place
from polyflow_shared.clock import FakeClock
from polyflow_shared.errors import BrokerUnavailableError
from polyflow_shared.loops import stream_decider
from tests.unit.shared.shells import SOON, a_broker, a_shell

A, B = ("t", 0), ("t", 1)
Look = Mapping[Place, tuple[int, int]]

CASES: dict[str, tuple[list[Look], list[Place]]] = {
    "nothing waits": ([{A: (5, 5)}] * 9, []),
    "what waits is not handled": ([{A: (5, 6)}] * 9, [A]),
    "not long enough": ([{A: (5, 6)}] * 4, []),
    "more comes, and none is handled": ([{A: (5, 6 + n)} for n in range(9)], [A]),
    "it goes on, and never catches up": ([{A: (n, 50)} for n in range(9)], []),
    "another partition goes on": ([{A: (5, 6), B: (n, n)} for n in range(9)], [A]),
    "it was handled meanwhile": ([*[{A: (5, 6)}] * 4, {A: (6, 6)}, *[{A: (6, 7)}] * 4], []),
    "it was somebody else's meanwhile": ([*[{A: (5, 6)}] * 4, {}, *[{A: (5, 6)}] * 4], []),
    "its first record waits": ([{A: (0, 1)}] * 9, [A]),
}


def standing(look: Look) -> Mapping[Place, Standing]:
    return {place: Standing(*offsets) for place, offsets in look.items()}


@pytest.mark.parametrize(("looks", "stalled"), CASES.values(), ids=CASES)
def test_what_stands_still_is_told(looks: list[Look], stalled: list[Place]) -> None:
    stalls = Stalls(20.0)
    for number, look in enumerate(looks):
        found = stalls.look(standing(look), now=number * 5.0)
    assert found == stalled
    stalls.forget()
    assert stalls.look(standing(looks[-1]), now=1000.0) == []


class Stream:
    """Stands as it is told, or cannot be asked; what waits may be no record."""

    def __init__(self, *looks: Look | None, records: bool = True) -> None:
        self.looks = [*looks]
        self.records = records
        self.started = asyncio.Event()
        self.started.set()

    async def standing(self) -> Mapping[Place, Standing]:
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if look is None:
            raise BrokerUnavailableError("away")
        return standing(look)

    async def waits(self, place: Place, one: Standing) -> bool:
        assert one.lag
        return self.records


@asynccontextmanager
async def pulsing(
    clock: FakeClock, *looks: Look | None, records: bool = True
) -> AsyncIterator[asyncio.Future[None]]:
    """Look at a stream that stands so, look after look, as time goes on."""
    shell, stream = await a_shell(await a_broker(clock), clock=clock), Stream(*looks, records=records)
    pulse: asyncio.Future[None] = asyncio.ensure_future(stream_decider._pulse(stream, shell))  # type: ignore[arg-type]
    yield pulse
    pulse.cancel()


async def after(clock: FakeClock, looks: int) -> None:
    for _ in range(looks):
        await clock.move(stream_decider.PULSE)
        await asyncio.sleep(0)


async def test_a_stream_ends_that_hands_on_nothing_of_one_of_its_partitions() -> None:
    clock = FakeClock()
    async with pulsing(clock, *({A: (5, 6), B: (n, 50)} for n in range(49))) as pulse:
        await after(clock, 6)
        assert not pulse.done()
        await after(clock, 2)
        with pytest.raises(BrokerUnavailableError, match="t/0 was handled for 30 s, and 1 are waiting"):
            await asyncio.wait_for(pulse, SOON)


async def test_a_stream_goes_on_where_no_record_waits_only_marks() -> None:
    clock = FakeClock()
    async with pulsing(clock, {A: (5, 6)}, records=False) as pulse:
        await after(clock, 9)
        assert not pulse.done()


async def test_time_in_which_the_broker_was_away_counts_for_nothing() -> None:
    clock = FakeClock()
    async with pulsing(clock, *[{A: (5, 6)}] * 4, *[None] * 20, {A: (5, 6)}) as pulse:
        await after(clock, 27)
        assert not pulse.done()
        await after(clock, 6)
        assert pulse.done()

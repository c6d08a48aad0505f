"""Whose request goes to the API server next, and when."""

import asyncio

import pytest

from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.kubernetes.limits import BACKLOG, BURST, UNHURRIED, Gate


class Requests:
    """Requests through a gate; each goes on until it is told to end."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.begun: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}
        self.tasks: list[asyncio.Task[None]] = []

    async def ask(self, *names: str) -> None:
        for name in names:
            self.ends[name] = asyncio.Event()
            self.tasks.append(asyncio.create_task(self._one(name)))
            await settled()

    async def end(self, name: str) -> None:
        self.ends[name].set()
        await settled()

    async def _one(self, name: str) -> None:
        async with self.gate.turn(name[0], hurried=name[0] != "z"):
            self.begun.append(name)
            await self.ends[name].wait()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_no_more_than_so_many_are_under_way() -> None:
    requests = Requests(Gate(FakeClock(), in_flight=2, per_second=100))
    await requests.ask("a1", "a2", "a3")
    assert requests.begun == ["a1", "a2"]
    await requests.end("a1")
    assert requests.begun == ["a1", "a2", "a3"]


async def test_runs_take_turns_and_keep_their_own_order() -> None:
    requests = Requests(Gate(FakeClock(), in_flight=1, per_second=100))
    await requests.ask("a1", "a2", "a3", "a4", "b1", "c1", "b2")
    for name in ("a1", "a2", "b1", "c1", "a3", "b2", "a4"):
        assert requests.begun[-1] == name
        await requests.end(name)


async def test_what_was_saved_up_goes_at_once_and_the_rest_as_time_goes_by() -> None:
    clock = FakeClock()
    requests = Requests(Gate(clock, in_flight=100, per_second=2))
    burst = int(2 * BURST)
    await requests.ask(*(f"a{number}" for number in range(burst + 4)))
    assert len(requests.begun) == burst
    for more in range(1, 5):
        await clock.move(0.25)
        await settled()
        assert len(requests.begun) == burst + more - 1
        await clock.move(0.25)
        await settled()
        assert len(requests.begun) == burst + more


async def test_what_nothing_waits_for_goes_last_and_a_few_at_a_time() -> None:
    requests = Requests(Gate(FakeClock(), in_flight=UNHURRIED + 2, per_second=100))
    later = [f"z{number}" for number in range(UNHURRIED + 1)]
    await requests.ask(*later)
    assert requests.begun == later[:-1]
    await requests.ask("a1", "a2", "a3")
    assert requests.begun == [*later[:-1], "a1", "a2"]
    await requests.end("z0")
    assert requests.begun[-1] == "a3"


async def test_what_nothing_waits_for_goes_one_by_one_while_anything_else_goes_on() -> None:
    requests = Requests(Gate(FakeClock(), in_flight=100, per_second=100))
    later = [f"z{number}" for number in range(UNHURRIED + 2)]
    await requests.ask("a1", *later)
    assert requests.begun == ["a1", "z0"]
    await requests.end("z0")
    assert requests.begun == ["a1", "z0", "z1"]
    await requests.end("a1")
    assert requests.begun == ["a1", *later[:-1]]


async def test_what_nothing_waits_for_stands_back_no_more_once_too_much_of_it_waits() -> None:
    requests = Requests(Gate(FakeClock(), in_flight=100, per_second=1_000))
    await requests.ask("a1", *(f"z{number}" for number in range(BACKLOG)))
    assert len(requests.begun) == 2
    await requests.ask("z")
    assert len(requests.begun) == 1 + UNHURRIED


async def test_who_gives_up_waiting_leaves_no_hole() -> None:
    requests = Requests(Gate(FakeClock(), in_flight=1, per_second=100))
    await requests.ask("a1", "b1", "c1")
    requests.tasks[1].cancel()
    await settled()
    await requests.end("a1")
    assert requests.begun == ["a1", "c1"]
    await requests.end("c1")
    await requests.ask("d1")
    assert requests.begun[-1] == "d1"


async def test_who_is_cancelled_when_its_turn_has_come_gives_it_back() -> None:
    gate = Gate(FakeClock(), in_flight=1, per_second=100)
    requests = Requests(gate)
    await requests.ask("a1")
    waiting = asyncio.create_task(gate.turn("b").__aenter__())
    await asyncio.sleep(0)
    requests.ends["a1"].set()
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await requests.ask("c1")
    assert requests.begun[-1] == "c1"

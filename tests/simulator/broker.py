"""The broker port over simulated topics: acknowledgements get lost, records come twice, owners change."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from polyflow_shared.broker.port import Outgoing, Ownership, Place, Record
from polyflow_shared.errors import BrokerUnavailableError, FencedError, InvariantError, TransientError
from polyflow_topics.catalog import Topic
from tests.simulator.process import Life
from tests.simulator.topics import SESSION, Topics


class SimulatedBroker:
    """The broker, as one process sees it."""

    def __init__(self, topics: Topics, life: Life, *, patience: float = 1.0) -> None:
        """Serve one life; a source waits `patience` times as long as it is asked to, for it is quicker so."""
        self._topics = topics
        self._life = life
        self._patience = patience

    async def source(
        self, topics: Sequence[str], *, group: str, member: str, ownership: Ownership | None = None
    ) -> "SimulatedSource":
        """Join a group."""
        source = SimulatedSource(self._topics, self._life, topics, group, member, ownership)
        source.patience = self._patience
        await source.begin()
        return source

    async def sink(self, name: str) -> "SimulatedSink":
        """Return a sink."""
        del name
        return SimulatedSink(self._topics, self._life)

    async def log(self, name: str) -> "SimulatedLog":
        """Return access to single partitions."""
        del name
        return SimulatedLog(self._topics, self._life)

    async def partitions(self, topic: str) -> int:
        """Return the number of partitions."""
        return self._topics.counts[topic]

    async def create(self, topics: Sequence[Topic], *, partitions: int, clusters: Sequence[str]) -> None:
        """Do nothing: all topics are there."""

    async def close(self) -> None:
        """Do nothing."""


class SimulatedSource:
    """One member of a group.  Source: what `polyflow_shared.broker.kafka.source` does with the group's decisions."""

    def __init__(
        self,
        topics: Topics,
        life: Life,
        names: Sequence[str],
        group: str,
        member: str,
        ownership: Ownership | None,
    ) -> None:
        self.name = member
        self.assigned: frozenset[Place] = frozenset()
        self.lost: set[Place] = set()
        self.fenced = False
        self.changed = False
        self.patience = 1.0
        self._topics = topics
        self._life = life
        self._group = topics.group(group, names)
        self._ownership = ownership
        self._next: dict[Place, int] = {}
        self._unsaved: dict[Place, int] = {}
        self._waiting: asyncio.Future[None] | None = None
        life.on_frozen.append(self._frozen)
        life.on_death.append(lambda: self.expire_later(SESSION))

    async def begin(self) -> None:
        """Join; return when the first partitions are ours."""
        await self._life.step("joins a group")
        self._group.join(self)
        while not self.changed and not self.fenced:
            await self._woken(None)
        await self._settle()

    async def take(self, limit: int, *, wait: float | None = None) -> Sequence[Record]:
        """Return the next records; as few as it likes."""
        deadline = self._life.around.loop.time() + (wait or 0.0) * self.patience
        while True:
            await self._life.step("takes")
            if self._life.around.chance(self._life.around.faults.broker_fails):
                raise BrokerUnavailableError("a simulated fault: reading")
            await self._settle()
            taken = self._ready(limit)
            left = deadline - self._life.around.loop.time()
            if taken or (wait is not None and left <= 0):
                return taken
            await self._woken(None if wait is None else left)

    async def commit(self, done: Mapping[Place, int] | None = None) -> None:
        """Save what is done."""
        await self._life.step("commits")
        self._check()
        around = self._life.around
        if around.chance(around.faults.broker_fails):
            if around.rng.random() < 0.5:
                self._save(done)
            raise BrokerUnavailableError("a simulated fault: committing")
        self._save(done)
        if self._life.dies("has committed"):
            raise asyncio.CancelledError

    async def lag(self) -> Mapping[Place, int]:
        """Return for each owned partition the number of its records not taken yet."""
        return {place: len(self._topics.partitions[place]) - at for place, at in self._next.items()}

    async def close(self) -> None:
        """Leave; the group keeps the place for the session's length."""
        self.expire_later(SESSION)

    def wake(self) -> None:
        """Let whoever waits look again."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def expire_later(self, seconds: float) -> None:
        """Be given up by the group after so many seconds, unless the next of our name has come."""
        self._life.around.loop.call_later(seconds, self._group.expire, self)

    def _frozen(self, seconds: float) -> None:
        if seconds > SESSION:
            self.expire_later(SESSION)

    async def _woken(self, seconds: float | None) -> None:
        loop = self._life.around.loop
        self._waiting = loop.create_future()
        alarm = None if seconds is None else loop.call_later(max(seconds, 0.001), self.wake)
        try:
            await self._waiting
        finally:
            if alarm is not None:
                alarm.cancel()
        await self._life.thawed()

    def _ready(self, limit: int) -> list[Record]:
        rng = self._life.around.rng
        limit = min(limit, rng.choice((1, 2, 5, 500)))
        places = sorted(self._next)
        if len(places) > 1:
            rng.shuffle(places)
        taken: list[Record] = []
        for place in places:
            start = self._next[place]
            found = self._topics.partitions[place][start : start + limit - len(taken)]
            if found and self._topics.readable(place):
                taken += found
                self._next[place] = self._unsaved[place] = start + len(found)
        return taken

    def _save(self, done: Mapping[Place, int] | None) -> None:
        if done is not None:
            ours = (self._next.keys() & self.assigned) - self.lost
            self._group.committed.update({place: at for place, at in done.items() if place in ours})
            return
        if self.lost & self._unsaved.keys():
            raise FencedError("partitions moved while records of them were handled")
        self._group.committed.update(self._unsaved)
        self._unsaved = {}

    async def _settle(self) -> None:
        self._check()
        while self.changed:
            self.changed = False
            assigned, lost = self.assigned, self.lost.copy()
            self.lost.clear()
            await self._let_go(self._next.keys() - (assigned - lost))
            try:
                await self._take_over(assigned - self._next.keys())
            except TransientError:
                self.changed = True
                raise
            self._check()

    async def _let_go(self, gone: set[Place]) -> None:
        for place in gone:
            del self._next[place]
            self._unsaved.pop(place, None)
        if gone and self._ownership is not None:
            await self._ownership.revoked(sorted({number for _, number in gone}))

    async def _take_over(self, new: frozenset[Place]) -> None:
        if not new:
            return
        committed = self._group.committed
        starts = {place: committed.get(place, 0) for place in sorted(new)}
        fresh = {place for place in new if place not in committed}
        if self._ownership is not None:
            numbers = sorted({number for _, number in new})
            await self._ownership.assigned(numbers, {number for _, number in fresh})
        for place in fresh:
            committed.setdefault(place, 0)
        self._next.update(starts)

    def _check(self) -> None:
        if self.fenced:
            raise FencedError(f"{self.name} has lost its place in group {self._group.name}")


class SimulatedSink:
    """Writes to topics."""

    def __init__(self, topics: Topics, life: Life) -> None:
        self._topics = topics
        self._life = life

    async def send(self, records: Sequence[Outgoing]) -> None:
        """Write all of them, perhaps not at once, perhaps twice; or fail, and have written some."""
        await self._life.step("sends")
        around = self._life.around
        by_place: dict[Place, list[Outgoing]] = {}
        for record in records:
            by_place.setdefault(self._topics.place_of(record), []).append(record)
        if around.chance(around.faults.send_fails):
            self._write_some(by_place)
            raise BrokerUnavailableError("a simulated fault: no acknowledgement")
        if self._life.dies("is sending"):
            self._write_some(by_place)
            raise asyncio.CancelledError
        await self._write(by_place)
        if self._life.dies("has sent"):
            raise asyncio.CancelledError

    async def close(self) -> None:
        """Let go."""

    async def _write(self, by_place: Mapping[Place, Sequence[Outgoing]]) -> None:
        around = self._life.around
        places = list(by_place)
        around.rng.shuffle(places)
        for place in places:
            if around.chance(around.faults.spread):
                await asyncio.sleep(around.rng.random() * 0.5)
            for _ in range(2 if around.chance(around.faults.doubled) else 1):
                self._topics.write(place, by_place[place])

    def _write_some(self, by_place: Mapping[Place, Sequence[Outgoing]]) -> None:
        """Write a beginning of each partition: whole batches, but not of every partition."""
        rng = self._life.around.rng
        for place, records in by_place.items():
            self._topics.write(place, records[: rng.choice((0, len(records), rng.randint(0, len(records))))])


class SimulatedLog:
    """Single partitions by number."""

    def __init__(self, topics: Topics, life: Life) -> None:
        self._topics = topics
        self._life = life

    async def append(self, topic: str, partition: int, records: Sequence[Outgoing]) -> Sequence[int]:
        """Write all of them or none; a failure does not say which."""
        await self._life.step("saves")
        if any(record.topic != topic for record in records):
            raise InvariantError(f"records for another topic were appended to {topic}")
        around = self._life.around
        if around.chance(around.faults.send_fails):
            if around.rng.random() < 0.5:
                self._topics.write((topic, partition), records)
            raise BrokerUnavailableError("a simulated fault: no acknowledgement of a row")
        offsets = self._topics.write((topic, partition), records)
        if self._life.dies("has saved"):
            raise asyncio.CancelledError
        return offsets

    async def read(
        self, topic: str, partition: int, *, start: int, end: int
    ) -> AsyncIterator[Sequence[Record]]:
        """Yield the records of a range."""
        await self._life.step("reads rows")
        if found := self._topics.partitions[topic, partition][start:end]:
            yield found

    async def end(self, topic: str, partition: int) -> int:
        """Return the offset that the next record will get."""
        await self._life.step("asks for an end")
        return len(self._topics.partitions[topic, partition])

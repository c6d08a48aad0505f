"""The simulated broker's partitions and consumer groups: nothing that was acknowledged is ever lost."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from polyflow_shared.broker.partitioner import partition_of
from polyflow_shared.broker.port import Outgoing, Place, Record
from polyflow_topics.envelope import wire_name
from tests.simulator.process import Surroundings

SESSION = 30.0
"""Seconds without a sign of life after which a member's partitions go to others."""


class Member(Protocol):
    """A source, as its group sees it."""

    name: str
    assigned: frozenset[Place]
    lost: set[Place]
    fenced: bool
    changed: bool

    def wake(self) -> None:
        """There is something to do."""


class Group:
    """A consumer group with static membership: who owns what, and what is committed."""

    def __init__(self, around: Surroundings, name: str, places: Sequence[Place]) -> None:
        self.name = name
        self.places = list(places)
        self.committed: dict[Place, int] = {}
        self.members: dict[str, Member] = {}
        self._around = around

    def join(self, member: Member) -> None:
        """Take a member in; one of its name gives its place up to it, and nothing else changes."""
        before = self.members.get(member.name)
        self.members[member.name] = member
        if before is None:
            self._around.loop.call_later(self._around.rng.uniform(0, 1), self.rebalance)
            return
        before.fenced = True
        before.wake()
        self._assign(member, before.assigned)

    def expire(self, member: Member) -> None:
        """Give up a member that was not heard of for a session's length."""
        if self.members.get(member.name) is member:
            del self.members[member.name]
            member.fenced = True
            member.wake()
            self.rebalance()

    def rebalance(self) -> None:
        """Share the partitions out anew; who gets which is up to chance."""
        members = list(self.members.values())
        if not members:
            return
        self._around.tell(lambda: f"group {self.name} is rebalanced over {len(members)}")
        first = self._around.rng.randrange(len(members))
        shares: list[set[Place]] = [set() for _ in members]
        for number, place in enumerate(self.places):
            shares[(first + number) % len(members)].add(place)
        for member, share in zip(members, shares, strict=True):
            self._assign(member, frozenset(share))

    def _assign(self, member: Member, share: frozenset[Place]) -> None:
        member.lost |= member.assigned - share
        member.assigned = share
        member.changed = True
        member.wake()


class Topics:
    """All partitions, by place, and the groups that read them."""

    def __init__(self, around: Surroundings, counts: dict[str, int]) -> None:
        self.partitions: dict[Place, list[Record]] = {
            (topic, number): [] for topic, count in counts.items() for number in range(count)
        }
        self.counts = counts
        self.groups: dict[str, Group] = {}
        self.stalled: dict[Place, float] = {}
        """Until when a partition cannot be read."""
        self.order: list[Record] = []
        """All records, as they came in."""
        self.listeners: list[Callable[[Record], None]] = []
        self._readers: dict[Place, list[Group]] = {}
        self._around = around

    def group(self, name: str, topics: Sequence[str]) -> Group:
        """Return a consumer group of these topics."""
        if name not in self.groups:
            places = [(topic, number) for topic in topics for number in range(self.counts[topic])]
            self.groups[name] = Group(self._around, name, places)
            for place in places:
                self._readers.setdefault(place, []).append(self.groups[name])
        return self.groups[name]

    def place_of(self, record: Outgoing) -> Place:
        """Return the partition of a record's key."""
        return record.topic, partition_of(record.key, self.counts[record.topic])

    def write(self, place: Place, records: Sequence[Outgoing]) -> list[int]:
        """Append records to one partition; return their offsets."""
        partition, now = self.partitions[place], self._around.loop.now()
        offsets = []
        for one in records:
            offsets.append(len(partition))
            record = Record(*place, len(partition), one.key, one.value, one.headers, now)
            partition.append(record)
            self.order.append(record)
            for listen in self.listeners:
                listen(record)
            if self._around.story is not None:
                self._around.tell(partial(said, record))
        self._wake(place)
        return offsets

    def stall(self, place: Place, seconds: float) -> None:
        """Let nobody read a partition for so many seconds."""
        self.stalled[place] = self._around.loop.time() + seconds
        self._around.loop.call_later(seconds + 1e-3, self._wake, place)

    def readable(self, place: Place) -> bool:
        """Tell whether a partition can be read now."""
        return self.stalled.get(place, 0.0) <= self._around.loop.time()

    def _wake(self, place: Place) -> None:
        for group in self._readers.get(place, ()):
            for member in group.members.values():
                if place in member.assigned:
                    member.wake()

    def behind(self) -> list[Place]:
        """Return the partitions of which somebody has not committed everything."""
        return [
            place
            for group in self.groups.values()
            for place in group.places
            if group.committed.get(place, 0) < len(self.partitions[place])
        ]


def said(record: Record) -> str:
    """Return a record in a line for the story."""
    wire = (wire_name(record.headers) or b"").decode()
    value = (record.value or b"-").decode(errors="replace")
    return (
        f"  {record.topic.removeprefix('polyflow.')}/{record.partition}@{record.offset} {wire} {value[:240]}"
    )

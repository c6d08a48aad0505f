"""A member of a consumer group, as the group's coordinator sees it: what it owns, and when it must stop.

aiokafka calls this from a task of its own and logs whatever is raised here, so nothing is done here but
noting; the source does the work when its owner next takes records.  Static membership has a gap in aiokafka
0.14: a member whose place was taken under its own name is told "unknown member", joins again, and so takes
the place back.  Here it ends instead, for good.
"""

import asyncio
from collections.abc import Collection
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

_UNKNOWN_MEMBER = ""


class MembershipChangedError(KafkaError):  # type: ignore[misc]
    """Wakes a source that waits for records: there is something to do first."""


class Membership(ConsumerRebalanceListener):  # type: ignore[misc]
    """Notes what the coordinator says.

    Attributes:
        assigned: what this member owns by now.
        lost: what it has owned and did not keep through every rebalance, though it may own it again.
        changed: set when one of these is new.
        idle: clear while records are being handled; a rebalance waits for it, so that they can be committed.
        fenced: this member has lost its place and never asks for it again.
    """

    def __init__(self, consumer: AIOKafkaConsumer, *, hand_over: float) -> None:
        """Watch over a consumer; a rebalance waits `hand_over` seconds for records that are being handled."""
        self._consumer = consumer
        self._hand_over = hand_over
        self._joined = False
        self.assigned: frozenset[TopicPartition] = frozenset()
        self.lost: set[TopicPartition] = set()
        self.changed = asyncio.Event()
        self.idle = asyncio.Event()
        self.idle.set()
        self.fenced = False

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Let the records at hand be committed before the group is joined again; end if our place is lost."""
        del revoked
        if self._joined and self._consumer._coordinator.member_id == _UNKNOWN_MEMBER:
            await self._end()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.idle.wait(), self._hand_over)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Note what is ours, and wake the source."""
        self._joined = True
        self.lost |= self.assigned.difference(assigned)
        self.assigned = frozenset(assigned)
        self.changed.set()
        self._wake()

    async def _end(self) -> None:
        self.fenced = True
        self.changed.set()
        self._wake()
        # We are called by this very task: joining again is what it would do next.
        self._consumer._coordinator._coordination_task.cancel()
        await asyncio.sleep(0)

    def _wake(self) -> None:
        self._consumer._subscription.abort_waiters(MembershipChangedError())

"""How Faust reads: where it begins, and what it may commit."""

from typing import Any

from faust.transport.drivers.aiokafka import Consumer

from polyflow_shared.broker.in_order import InOrder


class OrderedConsumer(Consumer):
    """Faust's consumer, which begins where it should, and commits nothing behind what was not handled."""

    async def on_partitions_assigned(self, assigned: Any, generation_id: int = 0) -> None:
        """Take partitions over, without an idea yet of what comes next of them."""
        self._order.end()
        await super().on_partitions_assigned(assigned, generation_id)

    async def perform_seek(self) -> None:
        """Begin again at what is committed; where nothing is, at the first record.

        Faust asks for this after each rebalance, having dropped what was fetched.  Where nothing is committed
        aiokafka's `seek_to_committed`, which it calls, goes on behind the dropped records.  It asks as well
        when something was fetched that is not wanted now; then rows may not be restored yet.
        """
        await super().perform_seek()
        places = [place for place in self.assignment() if not self._is_changelog_tp(place)]
        committed: dict[Any, int] = {
            place: offset for place in places if (offset := self._read_offset[place])
        }
        first = await self._first(set(places) - set(committed))
        for place, offset in first.items():
            await self.seek(place, offset)
        if self.flow_active:
            self._order.begin({**committed, **first})

    async def _first(self, places: set[Any]) -> dict[Any, int]:
        found: Any = await self.earliest_offsets(*places) if places else {}
        return dict(found)

    def _new_offset(self, tp: Any) -> int | None:
        acknowledged = super()._new_offset(tp)
        return None if acknowledged is None else self._order.committable(tp, acknowledged)

    @property
    def _order(self) -> InOrder:
        app: Any = self.app
        order: InOrder = app.order
        return order

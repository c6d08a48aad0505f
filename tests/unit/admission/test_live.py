"""Limits that change while admission serves."""

import asyncio
from pathlib import Path

from polyflow_services.admission import state
from polyflow_services.admission.live import LiveLimits
from polyflow_shared.clock import FakeClock
from polyflow_shared.deciding.rows import StoredRows
from polyflow_shared.declared.queues import LOOK, LiveQueues
from polyflow_shared.observing.logs import log_of
from polyflow_topics.admission import SlotAnswered
from tests.unit.admission.test_core import AT, ask
from tests.unit.stored import decided


async def test_who_waits_is_given_a_slot_as_soon_as_there_is_one_more(tmp_path: Path) -> None:
    file, clock = tmp_path / "q.yaml", FakeClock()
    file.write_text("{maxConcurrency: 1}")
    limits, rows = LiveLimits(LiveQueues(file, None)), StoredRows(state.CODEC)
    for name in ("a0", "b0"):
        decided(limits.decide, rows, ask(name), AT)
    changes = limits.changes(clock, log_of("admission"))
    told = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)  # until it looks for the first time
    file.write_text("{maxConcurrency: 2}")
    await clock.move(LOOK)
    said = [one for message in await told for one in decided(limits.decide, rows, message, AT)]
    assert [(one.run, one.granted) for one in said if isinstance(one, SlotAnswered)] == [("b", True)]
    await changes.aclose()

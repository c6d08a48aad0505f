"""I8 on a simulated log: the planner's inbox, decided anew, gives the rows and events that are there."""

import msgspec

from polyflow_services.planner.core import decide
from polyflow_services.planner.rows.state import CODEC
from polyflow_topics.catalog import PLANNER_ROWS, RUN_EVENTS
from tests.simulator.world import simulate
from tests.verifier.log import LoggedMessage
from tests.verifier.replay import replayed

LOG = simulate(2).messages


def said(messages: list[LoggedMessage]) -> list[str]:
    return [violation.text for violation in replayed(messages, decide, CODEC)]


def test_a_log_replays_to_the_same_rows_and_events() -> None:
    assert said(LOG) == []


def test_a_row_that_the_inbox_does_not_explain_is_found() -> None:
    row = next(
        one
        for one in reversed(LOG)
        if one.topic == PLANNER_ROWS.name and one.value and b"stub.v1" in one.value
    )
    foreign = msgspec.structs.replace(row, offset=row.offset + 1000, value=b'["stub.v1","x","failed"]')
    assert said([*LOG, foreign]) == ["row stub is not what the inbox makes of it"]


def test_a_request_that_the_inbox_does_not_have_is_found() -> None:
    rows = [one for one in LOG if one.topic == PLANNER_ROWS.name and one.value and b"stub.v1" in one.value]
    run = rows[-1].key.partition("/")[0]
    foreign = msgspec.structs.replace(
        rows[-1], key=f"{run}/answered/skip/x", offset=rows[-1].offset + 1000, value=b'["answered.v1",""]'
    )
    assert said([*LOG, foreign]) == ["row answered/skip/x is not what the inbox makes of it"]


def test_an_event_that_was_never_said_is_found() -> None:
    events = [one for one in LOG if one.topic == RUN_EVENTS.name and b'"sequence":2,' in (one.value or b"")]
    assert said([one for one in LOG if one not in events]) == [
        "event 2 is missing from the log but in a replay"
    ]

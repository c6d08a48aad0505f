"""The slot of the installation or of a queue that some operations need besides that of their scope.

It is asked for between the slot of the scope and the launch, and held by one attempt.
"""

from msgspec.structs import replace

from polyflow_services.planner.rows import claims
from polyflow_services.planner.rows.claims import SlotRow
from polyflow_services.planner.starts import launching, starting
from polyflow_services.planner.turn import Turn
from polyflow_topics.admission import SlotAnswered, SlotReturned, VerifySlot
from polyflow_topics.status import Status


def answered(turn: Turn, event: SlotAnswered) -> None:
    """Launch an attempt that was given a slot, or tell why it waits; return what nobody needs."""
    found = _asked(turn, event)
    if found is None:
        turn.send(SlotReturned(**event.about()))
    elif found.stage == "holds":
        return
    elif event.granted:
        turn.put_alone(claims.slot_key(turn.run, event.index), replace(found, stage="holds"))
        if starting.not_closing(turn, event.index, turn.operation(event.index)):
            if turn.run_row().paused:
                launching.give_back_of(turn, event.index)
            launching.ask_for_launch(turn, event.index)
    else:
        _wait(turn, event, found)


def verified(turn: Turn, event: VerifySlot) -> None:
    """Say whether an attempt still needs its slot."""
    found = _asked(turn, event)
    if found is None:
        turn.send(SlotReturned(**event.about()))
    else:
        turn.send(claims.ask_for_slot(turn.run, event.operation, event.index, found))


def ask_again(turn: Turn, index: int) -> None:
    """Ask once more; an answer that was heard already changes nothing."""
    found = turn.slot_asked(index)
    if found is not None and found.stage != "returned":
        turn.send(claims.ask_for_slot(turn.run, turn.operation(index).name, index, found))


def _asked(turn: Turn, event: SlotAnswered | VerifySlot) -> SlotRow | None:
    """Return what an operation has asked for, if that is what the event is about, and is still wanted."""
    found = turn.slot_asked(event.index)
    if found is None or found.stage == "returned":
        return None
    return found if (found.attempt, found.question) == (event.attempt, event.question) else None


def _wait(turn: Turn, event: SlotAnswered, found: SlotRow) -> None:
    if found.stage == "waits":
        return
    turn.put_alone(
        claims.slot_key(turn.run, event.index),
        replace(found, stage="waits", why=event.message[: claims.TOLD]),
    )
    why = (event.reason, event.message)
    if not turn.move(event.index, Status.QUEUED, why=why):
        turn.tell_operation(event.index, turn.operation(event.index), why=why)

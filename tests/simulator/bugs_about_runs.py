"""Planted bugs of what users ask of runs, of runs from runs, of hooks, joins and the installation's limits."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace as changed

from polyflow_services.admission import core as admission
from polyflow_services.admission.core import Limits, Pool
from polyflow_services.planner import core as planner
from polyflow_services.planner.rows import claims, kept, keys, state
from polyflow_services.projector.act import Projector, Send
from polyflow_shared.broker.port import Record
from polyflow_shared.deciding.chains import Chain
from polyflow_shared.deciding.decision import Decision, handler_of
from polyflow_shared.deciding.rows import Row, Rows
from polyflow_shared.loops.service import ActOnMany
from polyflow_shared.read_model.port import ReadModel
from polyflow_topics.admission import SlotAnswered, SlotReturned
from polyflow_topics.events import RequestAnswered
from polyflow_topics.inbox import OperatingRequested, SweepContinued
from polyflow_topics.message import Message
from polyflow_topics.origins import Kept
from polyflow_topics.plan import PlanBegun, PlanPart
from polyflow_topics.queries import RunsQueried
from polyflow_topics.requests import RequestPipeline
from tests.simulator.planting import replanned, rewritten, silenced
from tests.simulator.services import Parts
from tests.simulator.workload import Workload

# Requests about runs


def _never_paused(_rows: Rows[Any], _key: str, row: Row | None) -> Row | None:
    return changed(row, paused=False) if isinstance(row, state.RunRow) else row


def _no_approval(part: PlanPart) -> PlanPart:
    free = tuple(one.model_copy(update={"approval": False}) for one in part.operations)
    return part.model_copy(update={"operations": free})


def _early_forgotten(rows: Rows[Any], message: Message, at: datetime) -> Decision:
    if isinstance(message, OperatingRequested) and rows.get(keys.run_key(message.run)) is None:
        return Decision()
    return planner.decide(rows, message, at)


def _limit_kept(rows: Rows[Any], key: str, row: Row | None) -> Row | None:
    before = rows.get(key)
    if isinstance(row, state.ScopeRow) and isinstance(before, state.ScopeRow):
        return changed(row, limit=before.limit)
    return row


def _stopped_for_skipped(rows: Rows[Any], message: Message, at: datetime) -> Decision:
    if not isinstance(message, OperatingRequested) or message.kind != "skip" or not message.operation:
        return planner.decide(rows, message, at)
    decision = planner.decide(rows, message.model_copy(update={"kind": "stop"}), at)
    said = [
        one.model_copy(update={"kind": "skip"}) if isinstance(one, RequestAnswered) else one
        for one in decision.messages
    ]
    return changed(decision, messages=said)


def _asked_anew(_rows: Rows[Any], key: str, row: Row | None) -> Row | None:
    return None if "/answered/" in key else row


def _unbounded(_rows: Rows[Any], _key: str, row: Row | None) -> Row | None:
    return changed(row, unseen=min(row.unseen, 0)) if isinstance(row, state.RunRow) else row


# Limits of the installation


def _generous(rows: Rows[Any], message: Message, at: datetime, *, limits: Limits) -> Decision:
    def more(limit: int | None) -> int | None:
        return None if limit is None else limit + 1

    pools = {name: Pool(more(pool.limit), pool.priority) for name, pool in limits.queues.items()}
    return admission.decide(rows, message, at, limits=Limits(more(limits.operations), pools))


class _Stays(Chain):
    """A chain of runs in which one that is served keeps its place as long as more of it waits."""

    turn: "_Unfair"
    queue: str

    def remove(self, name: str) -> None:
        """Remove a run of which nothing waits any more."""
        if not self.turn.waiting(self.queue, name).first:
            super().remove(name)


class _Unfair(admission._Turn):
    def runs_of(self, queue: str) -> Chain:
        chain = _Stays(self.rows, super().runs_of(queue)._key)
        chain.turn, chain.queue = self, queue
        return chain


def _unfair(rows: Rows[Any], message: Message, at: datetime, *, limits: Limits) -> Decision:
    turn = _Unfair(rows, at, limits)
    handler_of(admission.HANDLERS, message, "admission")(turn, message)
    return Decision(turn.rows.writes, turn.messages)


def _kept_slot(_cause: Message, said: Message) -> bool:
    return not isinstance(said, SlotReturned)


def _any_question(rows: Rows[Any], message: Message, at: datetime) -> Decision:
    if isinstance(message, SlotAnswered):
        asked = rows.get(claims.slot_key(message.run, message.index))
        if isinstance(asked, claims.SlotRow):
            message = message.model_copy(update={"question": asked.question})
    return planner.decide(rows, message, at)


# Runs from runs


def _numbered_anew(_rows: Rows[Any], _key: str, row: Row | None) -> Row | None:
    return changed(row, attempts=0) if isinstance(row, kept.StubRow) else row


def _any_generation(rows: Rows[Any], message: Message, at: datetime) -> Decision:
    if isinstance(message, PlanBegun) and message.origin is not None:
        stub = rows.get(keys.stub_key(message.run))
        if isinstance(stub, kept.StubRow):
            origin = message.origin.model_copy(update={"generation": stub.generation})
            message = message.model_copy(update={"origin": origin})
    return planner.decide(rows, message, at)


def _kept_as(part: PlanPart, ended: Kept | None, *, empty: bool) -> PlanPart:
    def instead(one: Kept | None) -> Kept | None:
        return one.model_copy(update={"outputs": {}}) if one is not None and empty else ended

    operations = tuple(one.model_copy(update={"kept": instead(one.kept)}) for one in part.operations)
    trials = tuple(
        block.model_copy(update={"kept": tuple(instead(one) for one in block.kept)}) for block in part.trials
    )
    return part.model_copy(update={"operations": operations, "trials": trials})


# Hooks


def _whatever_the_end(part: PlanPart) -> PlanPart:
    return part.model_copy(
        update={"hooks": tuple(hook.model_copy(update={"trigger": None}) for hook in part.hooks)}
    )


def _no_hook_of_swept(cause: Message, said: Message) -> bool:
    return not (isinstance(said, RequestPipeline) and isinstance(cause, SweepContinued))


# Questions


def _hasty_answers(model: ReadModel, send: Send) -> ActOnMany:
    projector = Projector(model, send)

    async def act(events: Sequence[tuple[Message, Record]]) -> None:
        questions = [pair for pair in events if isinstance(pair[0], RunsQueried)]
        await projector.act(questions)
        await projector.act([pair for pair in events if not isinstance(pair[0], RunsQueried)])

    return act


ABOUT_RUNS: Final[Mapping[str, Parts]] = {
    "paused and launched": Parts(planner=rewritten(_never_paused)),
    "no approval awaited": Parts(planner=replanned(_no_approval)),
    "early request forgotten": Parts(planner=_early_forgotten),
    "skipped is stopped": Parts(planner=_stopped_for_skipped),
    "repeated request obeyed": Parts(planner=rewritten(_asked_anew)),
    "limit not changed": Parts(planner=rewritten(_limit_kept)),
    "launches without bound": Parts(planner=rewritten(_unbounded)),
    "limits of the installation exceeded": Parts(admission=_generous),
    "runs take no turns": Parts(admission=_unfair),
    "slot of the installation not returned": Parts(planner=silenced(_kept_slot)),
    "answer to an earlier question taken": Parts(planner=_any_question),
    "attempts numbered anew": Parts(planner=rewritten(_numbered_anew)),
    "any generation goes on": Parts(planner=_any_generation),
    "kept outputs lost": Parts(planner=replanned(lambda part: _kept_as(part, None, empty=True))),
    "kept and executed": Parts(planner=replanned(lambda part: _kept_as(part, None, empty=False))),
    "hook whatever the end": Parts(planner=replanned(_whatever_the_end)),
    "hook forgotten": Parts(planner=silenced(_no_hook_of_swept)),
    "answers before events": Parts(projector=_hasty_answers),
}
"""What was done wrong, and the services with it."""


def _limited(workload: Workload) -> bool:
    return workload.traits.queues


def _repeated(workload: Workload) -> bool:
    return bool(workload.repeats)


def _asks(workload: Workload) -> bool:
    return workload.operated


NEEDS: Final[Mapping[str, Callable[[Workload], bool]]] = {
    "paused and launched": _asks,
    "no approval awaited": lambda workload: workload.traits.approvals,
    "early request forgotten": _asks,
    "skipped is stopped": _asks,
    "repeated request obeyed": _asks,
    "limit not changed": _asks,
    "launches without bound": lambda workload: workload.wide,
    "limits of the installation exceeded": _limited,
    "runs take no turns": _limited,
    "slot of the installation not returned": _limited,
    "answer to an earlier question taken": _limited,
    "attempts numbered anew": _repeated,
    "any generation goes on": _repeated,
    "kept outputs lost": _repeated,
    "kept and executed": _repeated,
    "hook whatever the end": lambda workload: workload.traits.hooks,
    "hook forgotten": lambda workload: workload.traits.hooks,
    "answers before events": lambda workload: workload.traits.joins,
}
"""Which worlds can find a bug at all; the others need not be played to know that they do not."""

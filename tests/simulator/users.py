"""What users of a world do: they publish, approve what waits for it, and repeat runs that the history shows."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final

import msgspec

from polyflow.again.earlier import Changes, Earlier, NotRepeatableError, fields_of, lineage, of_view
from polyflow_shared.broker.port import Outgoing, Record
from polyflow_shared.read_model.port import ReadModelReader
from polyflow_topics import catalog
from polyflow_topics.message import Message
from polyflow_topics.names import OperationName, RunId
from polyflow_topics.operating import ApprovePipeline, SkipPipeline
from polyflow_topics.requests import StopPipeline
from polyflow_topics.status import FINAL
from tests.simulator.process import Surroundings
from tests.simulator.topics import Topics
from tests.simulator.workload import Repeat, Workload, published, request

_NOTHING_LEFT: Final = frozenset({"succeeded", "skipped"})
"""How a run has ended in which everything has succeeded, or was skipped."""
PATIENT: Final = 900.0
"""Seconds after which a user waits no longer for the end of a run that is to be repeated."""


class Users:
    """All users of a world."""

    def __init__(
        self, around: Surroundings, topics: Topics, workload: Workload, history: ReadModelReader | None
    ) -> None:
        """Do what the workload says.

        Args:
            around: the world.
            topics: where they publish, and read what becomes of it.
            workload: what they want.
            history: the read model; None where nobody looks into it.
        """
        self.runs: set[RunId] = set(workload.runs)
        """Those that somebody has asked for so far."""
        self._around = around
        self._topics = topics
        self._workload = workload
        self._history = history
        self._told: set[tuple[str, int]] = set()
        """Runs and numbers of the events that somebody has answered."""
        self._busy = 1 + len(workload.repeats)
        if workload.traits.approvals:
            topics.listeners.append(self._hear)

    @property
    def done(self) -> bool:
        """Whether nobody wants anything any more."""
        return not self._busy

    def at_work(self) -> Iterator[Coroutine[Any, Any, None]]:
        """Return what goes on at the same time."""
        yield self._publish()
        for repeat in self._workload.repeats:
            yield self._repeat(repeat)

    async def _publish(self) -> None:
        for wish in self._workload.wishes:
            await self._until(wish.after)
            self._write(wish.record)
        self._busy -= 1

    def _write(self, record: Outgoing) -> None:
        for _ in range(2 if self._around.chance(self._around.faults.doubled) else 1):
            self._topics.write(self._topics.place_of(record), [record])

    # Approvals

    def _hear(self, record: Record) -> None:
        if record.topic != catalog.RUN_EVENTS.name or b'"pending":"approval"' not in (record.value or b""):
            return
        event = msgspec.json.decode(record.value or b"")
        told = (event["run"], event["sequence"])
        if told in self._told:
            return
        self._told.add(told)
        rng = self._around.rng
        kind: Callable[..., Message] = rng.choice((ApprovePipeline,) * 8 + (StopPipeline, SkipPipeline))
        name = OperationName(event.get("operation", ""))
        answer = published(kind(run=event["run"], operation=name, request=f"answer-{event['sequence']}"))
        for _ in range(rng.choice((1, 1, 2))):
            self._later(rng.random() * rng.choice((0.0, 3.0, 30.0)), answer)

    def _later(self, seconds: float, record: Outgoing) -> None:
        def write() -> None:
            self._busy -= 1
            self._write(record)

        self._busy += 1
        self._around.loop.call_later(seconds, write)

    # Runs from runs

    async def _repeat(self, repeat: Repeat) -> None:
        """Ask for a run that comes from another one, as soon as the history has that."""
        loop = self._around.loop
        await self._until(repeat.after)
        last = loop.time() + PATIENT
        while (before := self._earlier(repeat)) is None and loop.time() < last:
            await self._until(loop.time() + self._around.rng.uniform(0.5, 10))
        record = None if before is None else self._request(repeat, before)
        if record is not None:
            self.runs.add(repeat.makes)
            self._write(record)
            if self._around.rng.random() < 0.3:
                self._later(self._around.rng.random() * 20, record)
        self._busy -= 1

    def _earlier(self, repeat: Repeat) -> Earlier | None:
        assert self._history is not None
        view = self._history.run(repeat.run)
        if view is None or (repeat.ended and view.status not in FINAL):
            return None
        try:
            return of_view(view, self._history.request(repeat.run))
        except NotRepeatableError:
            return None

    def _request(self, repeat: Repeat, before: Earlier) -> Outgoing | None:
        operation = ""
        if repeat.kind == "rerun":
            if not before.view.operations:
                return None
            operation = self._around.rng.choice(list(before.view.operations))
        origin = lineage(before, repeat.kind, operation=operation, keeps_changed=repeat.keeps_changed)
        if repeat.kind == "resume" and before.view.status in _NOTHING_LEFT and origin.kept:
            # With nothing left to do it would be refused: let the definition of the last one be another.
            origin = origin.model_copy(update={"kept": origin.kept[:-1]})
        about = {"name": "changed"} if self._around.rng.random() < 0.2 else {}
        body = fields_of(before, origin, Changes(about=about))
        return request(repeat.identity, json.loads(json.dumps(body, default=str)))

    async def _until(self, moment: float) -> None:
        await asyncio.sleep(max(0.0, moment - self._around.loop.time()))

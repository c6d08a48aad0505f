"""What users of a world ask for: pipelines of any shape, requests at any time, everything perhaps twice."""

import json
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from polyflow_shared.broker import codec
from polyflow_shared.broker.port import Outgoing
from polyflow_shared.declared.queues import Queue, Queues
from polyflow_topics.catalog import PIPELINE_REQUESTS
from polyflow_topics.envelope import write_headers
from polyflow_topics.message import Message
from polyflow_topics.names import OperationName, RunId, run_id
from polyflow_topics.operating import (
    ApprovePipeline,
    ExplainPipeline,
    LimitPipeline,
    PausePipeline,
    SkipPipeline,
    UnpausePipeline,
)
from polyflow_topics.origins import OriginKind
from polyflow_topics.requests import RequestPipeline, StopPipeline
from tests.simulator import pipelines
from tests.simulator.pipelines import QUEUES, Specification, Traits
from tests.simulator.virtual_time import START
from tests.verifier.violation import Limits

SOURCE: Final = "/simulator"
USER: Final = "/polyflow/user"
KINDS: Final[tuple[OriginKind, ...]] = ("resume", "resume", "resume", "rerun", "restart", "copy")


@dataclass(frozen=True)
class Wish:
    """A record that a user publishes."""

    after: float
    """Seconds from the beginning."""
    record: Outgoing


@dataclass(frozen=True)
class Repeat:
    """A run that a user wants to come from an earlier one, as the history shows that."""

    after: float
    """Seconds from the beginning, at the earliest."""
    run: RunId
    """The earlier run."""
    kind: OriginKind
    identity: str
    """Of the request."""
    ended: bool
    """Whether the user waits until the history says that the earlier run has ended."""
    keeps_changed: bool = False

    @property
    def makes(self) -> RunId:
        """The run that is there in the end."""
        return self.run if self.kind == "resume" else run_id(SOURCE, self.identity)


@dataclass(frozen=True)
class Workload:
    """All that is asked for."""

    wishes: tuple[Wish, ...]
    runs: frozenset[RunId]
    """Runs that were requested: each must end, or be refused."""
    traits: Traits = field(default_factory=Traits)
    repeats: tuple[Repeat, ...] = ()
    queues: Queues = field(default_factory=Queues)
    """Limits of the installation."""
    operated: bool = False
    """Whether somebody asks something of runs, beside to stop them."""
    wide: bool = False
    """Whether one of the runs has far more operations than the others."""

    @property
    def limits(self) -> Limits:
        """Return the same as the verifier knows them."""
        named = {name: queue.limit for name, queue in self.queues.queues.items()}
        own = {name: limit for name, limit in named.items() if limit is not None}
        return Limits(self.queues.operations, own)

    @property
    def reads(self) -> bool:
        """Whether anybody asks the read model."""
        return self.traits.joins or bool(self.repeats)


@dataclass
class _Run:
    """A run that is asked for."""

    identity: str
    begins: float
    specification: Specification

    @property
    def id(self) -> RunId:
        return run_id(SOURCE, self.identity)


def draw(rng: Random) -> Workload:
    """Return the wishes of a world, from one operation in one run to some twenty in three."""
    traits = _traits(rng)
    wide = rng.random() < 0.01
    queues = _queues(rng) if traits.queues else Queues()
    runs = [
        _run(rng, f"r{number}", traits, wide=wide and not number)
        for number in range(rng.choice((1, 1, 1, 2, 3)) + wide)
    ]
    operated, repeated = rng.random() < 0.2, rng.random() < 0.12
    wishes: list[Wish] = []
    repeats: list[Repeat] = []
    for run in runs:
        wishes += _requests(rng, run)
        if rng.random() < 0.3:
            wishes += _stops(rng, run)
        if operated:
            wishes += _operating(rng, run)
        if repeated:
            repeats += _repeats(rng, run)
    if rng.random() < 0.05:
        wishes.append(Wish(rng.random() * 3, Outgoing(PIPELINE_REQUESTS.name, "?", b"\xff", ())))
    if traits.queues:
        # From draws of their own, so that worlds without queues stay what they were.
        wishes += _held_back(copy(rng), runs)
    wishes.sort(key=lambda wish: wish.after)
    ids = frozenset(run.id for run in runs)
    return Workload(tuple(wishes), ids, traits, tuple(repeats), queues, operated, wide)


def published(message: Message) -> Outgoing:
    """Return the record of a user's message."""
    return codec.encode(message, source=USER, at=START)


def request(identity: str, body: dict[str, Any]) -> Outgoing:
    """Return the record of a request for a run."""
    headers = write_headers(RequestPipeline.WIRE, identity=identity, source=SOURCE, at=START)
    return Outgoing(PIPELINE_REQUESTS.name, identity, json.dumps(body).encode(), headers)


def _traits(rng: Random) -> Traits:
    return Traits(
        measures=rng.random() < 0.2,
        caches=rng.random() < 0.2,
        approvals=rng.random() < 0.1,
        queues=rng.random() < 0.12,
        joins=rng.random() < 0.05,
        hooks=rng.random() < 0.07,
    )


def _queues(rng: Random) -> Queues:
    """Return a queue with a limit and one without, and perhaps a limit over all."""
    gpu, low = QUEUES
    limited = Queue(name=gpu, limit=rng.randint(1, 2), priority=rng.choice((0, 5)))
    return Queues({gpu: limited, low: Queue(name=low)}, rng.choice((None, 1, 2, 3)))


def _run(rng: Random, identity: str, traits: Traits, *, wide: bool) -> _Run:
    begins = rng.random() * rng.choice((0.0, 5.0))
    made = pipelines.fan_out(rng, traits) if wide else pipelines.pipeline(rng, traits)
    return _Run(identity, begins, made)


def _requests(rng: Random, run: _Run) -> list[Wish]:
    body: dict[str, Any] = {"specification": run.specification}
    if "hubRef" in json.dumps(run.specification):
        body["references"] = [pipelines.HOOK]
    wishes = [Wish(run.begins, request(run.identity, body))]
    if rng.random() < 0.2:
        wishes.append(Wish(run.begins + rng.random() * 5, request(run.identity, body)))
    if rng.random() < 0.1:
        other = request(run.identity, {**body, "params": {}, "name": "x"})
        wishes.append(Wish(run.begins + rng.random() * 5, other))
    return wishes


def _stops(rng: Random, run: _Run) -> list[Wish]:
    latest = rng.choice((2, 6, 30))
    moments = [max(0.0, run.begins + rng.uniform(-1, latest)) for _ in range(rng.choice((1, 1, 2)))]
    return [Wish(moment, published(StopPipeline(run=run.id))) for moment in moments]


# Requests about runs


def _operating(rng: Random, run: _Run) -> Iterator[Wish]:
    latest = rng.choice((2, 6, 30))
    for number in range(rng.choice((1, 2, 4))):
        after = max(0.0, run.begins + rng.uniform(-1, latest))
        make = rng.choice((_paused, _limited, _limited, _of_one, _of_one, _of_one, _of_all))
        for wish in make(rng, run, after, f"ask-{number}"):
            yield wish
            if rng.random() < 0.2:
                yield Wish(wish.after + rng.random() * 5, wish.record)


Asked = Iterator[Wish]


def _paused(rng: Random, run: _Run, after: float, request: str) -> Asked:
    """Pause a run, and later let it go on."""
    yield Wish(after, published(PausePipeline(run=run.id, request=request)))
    # A pause that is repeated is the same request, so the last word is this one.
    later = after + rng.random() * rng.choice((1, 10, 60))
    yield Wish(later, published(UnpausePipeline(run=run.id, request=request)))


def _held_back(rng: Random, runs: Sequence[_Run]) -> Iterator[Wish]:
    """Pause runs for moments, again and again, while they wait for slots and are given some."""
    for run in runs:
        for number in range(rng.choice((0, 2, 4, 8))):
            after = run.begins + rng.random() * rng.choice((2, 6, 30))
            yield from _paused(rng, run, after, f"hold-{number}")


def _limited(rng: Random, run: _Run, after: float, request: str) -> Asked:
    scope = OperationName(rng.choice([*pipelines.scopes_of(run.specification), "nothing"]))
    limit = rng.choice((None, 1, 1, 2, 5))
    yield Wish(
        after, published(LimitPipeline(run=run.id, request=request, operation=scope, concurrency=limit))
    )


def _of_one(rng: Random, run: _Run, after: float, request: str) -> Asked:
    name = OperationName(rng.choice([*pipelines.names_of(run.specification), "nothing"]))
    kind: Callable[..., Message] = rng.choice(
        (SkipPipeline, SkipPipeline, StopPipeline, StopPipeline, ApprovePipeline, ExplainPipeline)
    )
    yield Wish(after, published(kind(run=run.id, request=request, operation=name)))


def _of_all(rng: Random, run: _Run, after: float, request: str) -> Asked:
    kind: Callable[..., Message] = rng.choice((SkipPipeline, ApprovePipeline, ExplainPipeline, StopPipeline))
    yield Wish(after, published(kind(run=run.id, request=request)))


def _repeats(rng: Random, run: _Run) -> Iterator[Repeat]:
    """Yield runs that come from one, or from those that came from it."""
    of, after = run.id, run.begins
    for number in range(rng.choice((1, 1, 2, 3))):
        after += rng.random() * rng.choice((2, 10))
        kind = rng.choice(KINDS)
        ended = rng.random() < 0.8
        repeat = Repeat(after, of, kind, f"{run.identity}-again-{number}", ended, rng.random() < 0.2)
        yield repeat
        of = rng.choice((of, repeat.makes))

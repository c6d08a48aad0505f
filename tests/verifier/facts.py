"""What a log of messages says, run by run: requests, plan, public events, commands, reports."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import msgspec

from polyflow_topics import catalog
from polyflow_topics.names import run_id
from tests.verifier.log import LoggedMessage, Place

REQUEST: Final = "polyflow.pipeline.request.v1"
STOP: Final = "polyflow.pipeline.stop.v1"
RUN_CHANGED: Final = "polyflow.run.changed.v1"
OPERATION_CHANGED: Final = "polyflow.operation.changed.v1"
REJECTED: Final = "polyflow.request.rejected.v1"
LAUNCH: Final = "polyflow.operation.launch.v1"
REPORTED: Final = "polyflow.operation.reported.v1"
STATED: Final = "polyflow.outputs.logged.v1"
STOP_REQUESTED: Final = "polyflow.stop.requested.v1"
CLAIMS: Final = ("polyflow.slot.ask.v1", "polyflow.result.look-up.v1")
SLOT_ANSWERED: Final = "polyflow.slot.answered.v1"
QUERIED: Final = "polyflow.runs.queried.v1"
HOOKED: Final = "polyflow.hook.requested.v1"
OPERATING: Final = "polyflow.operating.requested.v1"
ANSWERED: Final = "polyflow.request.answered.v1"
SKIP: Final = "polyflow.pipeline.skip.v1"
APPROVE: Final = "polyflow.pipeline.approve.v1"
PAUSE: Final = "polyflow.pipeline.pause.v1"
UNPAUSE: Final = "polyflow.pipeline.unpause.v1"
LIMIT: Final = "polyflow.pipeline.limit.v1"
EXPLAIN: Final = "polyflow.pipeline.explain.v1"

FINAL: Final = frozenset({"succeeded", "failed", "stopped", "skipped", "upstream_failed", "done"})
"""Statuses that no other may follow."""
GOOD: Final = frozenset({"succeeded", "skipped", "done"})
BAD: Final = frozenset({"failed", "upstream_failed"})
NO_NUMBER: Final = -1
BARRIER: Final = "barrier/"
"""Begins the keys of rows that say who owns a partition from here on."""
_OTHER_ROWS: Final = {catalog.MONITOR_ROWS.name, catalog.CACHE_ROWS.name}


def seconds(moment: str) -> float:
    """Return a moment of a message as seconds since 1970."""
    return datetime.fromisoformat(moment).timestamp()


class Said(msgspec.Struct, frozen=True, gc=False):
    """A message with its data read."""

    wire: str
    data: Mapping[str, Any]
    place: Place
    at: float
    """When it was logged, in seconds since 1970."""
    time: str = ""
    """When its sender says that it was said: a decider, the time of the record that caused it."""

    @property
    def status(self) -> str:
        """Return the status in it, or nothing."""
        return str(self.data.get("status", ""))

    @property
    def index(self) -> int:
        """Return the operation's number in it."""
        return int(self.data.get("index", NO_NUMBER))

    @property
    def attempt(self) -> int:
        """Return the attempt in it."""
        return int(self.data.get("attempt", 0))


@dataclass(slots=True)
class PlanFacts:
    """The plan that a run was made of."""

    operations: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    upstreams: dict[int, list[int]] = field(default_factory=dict)
    """Whose end each operation waits for."""
    awaited: dict[int, list[tuple[int, frozenset[str]]]] = field(default_factory=dict)
    """Events that each operation waits for: of which upstream, and of which one must happen."""
    scopes: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    edges: dict[tuple[int, bool, int | None, int], Sequence[int]] = field(default_factory=dict)
    hooks: dict[tuple[int, int], Mapping[str, Any]] = field(default_factory=dict)
    """By operation (-1: the run) and place."""

    def take(self, part: Mapping[str, Any]) -> None:
        """Take in a part, which may come twice."""
        self.operations |= {one["index"]: one for one in part.get("operations", ())}
        self.scopes |= {one["number"]: one for one in part.get("scopes", ())}
        for block in part.get("trials", ()):
            self._take_trials(block)
        self.hooks |= {(one["owner"], one["place"]): one for one in part.get("hooks", ())}
        for one in part.get("edges", ()):
            chunk = (one["source"], bool(one.get("opening")), one.get("group"), one["chunk"])
            if chunk not in self.edges:
                self.edges[chunk] = one["targets"]
                if not chunk[1]:
                    self._take_edges(one)

    def _take_edges(self, some: Mapping[str, Any]) -> None:
        source, events = some["source"], frozenset(some.get("events", ()))
        for target in some["targets"]:
            if events:
                self.awaited.setdefault(target, []).append((source, events))
            else:
                self.upstreams.setdefault(target, []).append(source)

    def _take_trials(self, block: Mapping[str, Any]) -> None:
        matrix = self.operations[block["owner"]]
        for place in range(len(block["values"])):
            own = {"name": f"{matrix['name']}.{block['trial'] + place}", "index": block["first"] + place}
            place_in_graph = {"scope": matrix["opens"], "opens": None, "trigger": "all_succeeded"}
            place_in_graph |= {"approval": False, "kept": (block.get("kept") or [None] * (place + 1))[place]}
            self.operations[own["index"]] = {**matrix, **own, **place_in_graph}

    def scope_of(self, index: int) -> Mapping[str, Any]:
        """Return the scope that an operation is directly in."""
        return self.scopes.get(self.operations[index].get("scope", 0), {})

    def is_service(self, index: int) -> bool:
        """Tell whether an operation is a service: up from its first `running`."""
        parts = self.operations.get(index, {}).get("parts") or {}
        return parts.get("service") is not None


@dataclass
class RunFacts:
    """All that was said of one run; what is derived is derived once, after all was gathered."""

    run: str
    requests: list[LoggedMessage] = field(default_factory=list)
    resumptions: list[LoggedMessage] = field(default_factory=list)
    """Requests that want it to go on."""
    plans: dict[str, PlanFacts] = field(default_factory=dict)
    """By the plan's hash."""
    begun: list[Said] = field(default_factory=list)
    events: list[Said] = field(default_factory=list)
    """Public events with a sequence, as they stand in their partition, repetitions among them."""
    rejections: list[Said] = field(default_factory=list)
    commands: list[Said] = field(default_factory=list)
    reports: list[Said] = field(default_factory=list)
    statements: list[Said] = field(default_factory=list)
    """Of outputs."""
    stops: list[Said] = field(default_factory=list)
    """As the planner reads them."""
    operating: list[Said] = field(default_factory=list)
    """Other requests about it, as the planner reads them."""
    wishes: list[Said] = field(default_factory=list)
    """Both as users publish them."""
    answers: list[Said] = field(default_factory=list)
    """To requests about it, as they stand in their partition, repetitions among them."""
    claims: list[Said] = field(default_factory=list)
    """What its operations ask of admission and cache for an attempt, which may never be launched."""
    slots: list[Said] = field(default_factory=list)
    """What admission says to its operations."""
    questions: list[Said] = field(default_factory=list)
    """About other runs."""
    attempts_before: int = 0
    """Attempts that earlier generations of it may have numbered."""

    @cached_property
    def first(self) -> Said | None:
        """Return the first word about the run itself."""
        return next((one for one in self.events if one.wire == RUN_CHANGED), None)

    @cached_property
    def accepted(self) -> Said | None:
        """Return the beginning of the plan of the request that the run was made for."""
        wanted = None if self.first is None else self.first.data.get("specification")
        return next((one for one in self.begun if one.data["specification"] == wanted), None)

    @cached_property
    def plan(self) -> PlanFacts:
        """Return the plan of the request that the run was made for."""
        return self.plans.get(self.accepted.data["plan"], PlanFacts()) if self.accepted else PlanFacts()

    def name_of(self, index: int) -> str:
        """Return an operation's name, or nothing."""
        return next(
            (str(plan.operations[index]["name"]) for plan in self.plans.values() if index in plan.operations),
            "",
        )

    def queue_of(self, index: int) -> str | None:
        """Return under whose limits an operation runs; None where there are none for it."""
        plan = next((one for one in self.plans.values() if index in one.operations), None)
        if plan is None or (plan.is_service(index) and plan.scope_of(index).get("services")):
            return None  # a service that its DAG ends gives its slot back once it is up
        queue: str | None = plan.operations[index].get("queue")
        return queue

    @cached_property
    def history(self) -> list[Said]:
        """Return the public events in the order of their sequence, each once: what came first."""
        first: dict[int, Said] = {}
        for event in self.events:
            first.setdefault(event.data["sequence"], event)
        return [first[number] for number in sorted(first)]

    @cached_property
    def moments(self) -> list[Said]:
        """Return events and answers in the order in which they were first said, each once."""
        answers: dict[tuple[str, ...], Said] = {}
        for one in self.answers:
            which = tuple(str(one.data.get(name)) for name in ("kind", "request", "accepted", "reason", "at"))
            answers.setdefault(which, one)
        events = [event for event in self.history if event.wire != ANSWERED]
        return sorted([*events, *answers.values()], key=lambda one: one.place.offset)


@dataclass(slots=True)
class Facts:
    """All runs of a log, and what belongs to none."""

    runs: dict[str, RunFacts] = field(default_factory=dict)
    letters: list[Said] = field(default_factory=list)
    """Dead letters."""
    unreadable: list[LoggedMessage] = field(default_factory=list)
    """Records of input topics that are no message of ours."""
    rows: dict[str, LoggedMessage] = field(default_factory=dict)
    """The planner's rows that are left, by key: what a new owner would restore."""
    admissions: list[float] = field(default_factory=list)
    """When an admission service took over a partition."""
    last: float = 0.0
    """The time of the last record."""

    def of(self, run: str) -> RunFacts:
        """Return what is known of a run."""
        if run not in self.runs:
            self.runs[run] = RunFacts(run)
        return self.runs[run]


def gather(messages: Iterable[LoggedMessage]) -> Facts:
    """Return what a log says.  Records of one partition must be in order; partitions may be mixed."""
    facts = Facts()
    epochs: dict[int, str] = {}
    for message in messages:
        facts.last = max(facts.last, message.at)
        if message.topic == catalog.PLANNER_ROWS.name:
            _take_row(facts, message, epochs)
        elif message.topic == catalog.ADMISSION_ROWS.name:
            facts.admissions += [message.at] if message.key.startswith(BARRIER) else []
        elif message.topic not in _OTHER_ROWS:
            _take(facts, message)
    return facts


def _take_row(facts: Facts, message: LoggedMessage, epochs: dict[int, str]) -> None:
    """Source: `polyflow_shared.loops.changelog`: a row counts if its writer's epoch is that of the barrier before it."""
    if message.key.startswith(BARRIER):
        epochs[message.partition] = str(message.offset)
    elif message.headers.get("epoch") != epochs.get(message.partition):
        return
    elif message.value is None:
        facts.rows.pop(message.key, None)
    else:
        facts.rows[message.key] = message


def _take(facts: Facts, message: LoggedMessage) -> None:
    wire = message.headers.get("ce_type", "")
    if wire == REQUEST:
        _take_request(facts, message)
        return
    try:
        data = msgspec.json.decode(message.value or b"")
    except msgspec.DecodeError:
        data = None
    if wire not in catalog.MESSAGES or not isinstance(data, dict):
        facts.unreadable.append(message)
        return
    said = Said(wire, data, message.place, message.at, message.headers.get("ce_time", ""))
    if message.topic == catalog.DEAD_LETTERS.name:
        facts.letters.append(said)
    else:
        _sort(facts.of(data.get("run", "")), said)


def _take_request(facts: Facts, message: LoggedMessage) -> None:
    origin = origin_of(message)
    if origin.get("kind") == "resume":
        facts.of(str(origin["run"])).resumptions.append(message)
        return
    run = run_id(message.headers.get("ce_source", ""), message.headers.get("ce_id", ""))
    facts.of(run).requests.append(message)


def origin_of(message: LoggedMessage) -> Mapping[str, Any]:
    """Return where a requested run is to come from; nothing for most."""
    if b'"origin"' not in (message.value or b""):
        return {}
    try:
        found = msgspec.json.decode(message.value or b"").get("origin")
    except msgspec.DecodeError:
        return {}
    return found or {}


def _sort(run: RunFacts, said: Said) -> None:
    if said.wire == "polyflow.plan.part.v1":
        run.plans.setdefault(said.data["plan"], PlanFacts()).take(said.data)
    elif said.wire == ANSWERED:
        run.answers.append(said)
    elif "sequence" in said.data:
        run.events.append(said)
    elif said.place.topic.startswith(catalog.OPERATION_COMMANDS.name):
        run.commands.append(said)
    else:
        kept = {
            "polyflow.plan.begun.v1": run.begun,
            REJECTED: run.rejections,
            REPORTED: run.reports,
            STATED: run.statements,
            SLOT_ANSWERED: run.slots,
            QUERIED: run.questions,
            STOP_REQUESTED: run.stops,
            OPERATING: run.operating,
            **dict.fromkeys(CLAIMS, run.claims),
            **dict.fromkeys((STOP, SKIP, APPROVE, PAUSE, UNPAUSE, LIMIT, EXPLAIN), run.wishes),
        }.get(said.wire)
        if kept is not None:
            kept.append(said)

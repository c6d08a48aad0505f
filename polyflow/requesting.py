"""What one client has requested: where it goes on, and how it is followed there."""

import re
from asyncio import to_thread
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Final, TypedDict

from pydantic import JsonValue

from polyflow.events.progress import Progress
from polyflow.history import History
from polyflow.repeating import (
    How,
    Overrides,
    bring_along,
    check_names,
    earlier_run,
    lists,
    only_known,
    order_again,
    taken_up,
)
from polyflow.requests.orders import Order, Request
from polyflow.running import following
from polyflow.running.keeping import Engines
from polyflow.specifications.collecting import (
    Specification,
    given,
    options_here,
    read_specification,
    sent_with,
)
from polyflow_shared.clock import SystemClock
from polyflow_shared.errors import PolyflowError
from polyflow_shared.machine.home import Home
from polyflow_topics.events import RunChanged, RunPlanned
from polyflow_topics.message import Message
from polyflow_topics.names import RunId
from polyflow_topics.status import Status

if TYPE_CHECKING:
    from polyflow.running.kafka import KafkaRuns


class About(TypedDict, total=False):
    """What a request has beside its specification and its params.

    Attributes:
        name: what the run is called; the specification's own name if not given.
        project: to which it belongs.
        owner: whose it is.
        tags: words to find it by, beside those of the specification.
        presets: names of saved presets that are laid over the specification, in this order.
        hubs: where components are looked up.
    """

    name: str | None
    project: str
    owner: str
    tags: Sequence[str]
    presets: Sequence[str]
    hubs: Sequence[str]


_ARGUMENTS: Final = ("params", "request_id", *About.__annotations__)
_WHOLE: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The id of a run: a UUID."""


class RequestTakenError(PolyflowError):
    """A request has the id of another one, with another body."""


class ClientClosedError(PolyflowError):
    """A client was closed, and takes no request any more."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("this client was closed: open another one")


class Requested:
    """The runs that a client has requested."""

    def __init__(self, at: Home, services: "KafkaRuns | None") -> None:
        """Let them go on in engines of this client's own, or, if given, on the services behind a broker."""
        self.here = Engines(at)
        """Those that go on in engines of its own."""
        self._at = at
        self._services = services
        self._starts: dict[RunId, int] = {}
        """Where on Kafka the events of what was requested begin."""
        self._wanted: dict[RunId, str] = {}
        """SHA-256 of the body of what was requested last, in hex."""
        self._made: dict[RunId, str] = {}
        """The same of what its engine here was begun for as a new run."""
        self._closed = False

    async def close(self) -> None:
        """Interrupt what still goes on here, and take nothing more."""
        self._closed = True
        await self.here.close()

    def check_open(self) -> None:
        """Do nothing while the client is open.

        Raises:
            ClientClosedError: it was closed.
        """
        if self._closed:
            raise ClientClosedError

    async def submit(self, order: Order, request: Request) -> None:
        """Request a new run, unless it has begun here by this very request.

        Raises:
            RequestTakenError: it has begun here, by a request with another body; further errors as of
                `request`.
        """
        run = request.run
        if run not in self.here:
            self._made[run] = request.digest
            await self.request(order, request)
        elif self._made.get(run, request.digest) != request.digest:
            message = f"a run with the id {run} exists already, and its request had another body (PF4001)"
            raise RequestTakenError(f"{message}; give this one a `request_id` of its own")

    async def request(self, order: Order, request: Request) -> None:
        """Request a run, or that one goes on.

        Raises:
            RunTakenError: it goes on in another process of this machine.
            BrokerUnavailableError: it is not known to be written.
        """
        run = request.run
        if self._services is None:
            await self.here.begin(run, order, request)
        else:
            self._starts[run] = await self._services.now(run)
            await self._services.publish(request)
        self._wanted[run] = request.digest

    async def repeat(self, run: str, how: How, overrides: Overrides) -> RunId:
        """Request what comes from an earlier run, and return its id.

        Raises:
            TypeError, UnknownRunError, NotRepeatableError, NotReadableError, NotUploadedError,
            NotCopiedError: see `polyflow.repeating`; further errors as of `request`.
        """
        self.check_open()
        check_names(how, overrides)
        await self.begun(RunId(run))
        here = self._services is None
        if here and (found := taken_up(run, how, overrides, self._at)) is not None:
            goes_on, order = found
            await self.here.begin(goes_on, order, None)
            return goes_on
        before = await earlier_run(run, how.kind, self._at, self._services)
        order = order_again(before, how, overrides, self._at, here=here)
        request = order.request()
        if here:
            await to_thread(bring_along, before, how.kind, request.run, self._at)
        await self.request(order, request)
        return request.run

    async def watch(self, text: str) -> AsyncGenerator[Message, None]:
        """Yield a run's events in order, those so far and those to come, until it has ended.

        Raises:
            UnknownRunError: no run, or more than one, is meant.
        """
        run = self._meant(text)
        progress = Progress(run, wanted=self._wanted.get(run) or self._latest(run))
        async with aclosing(self._events(run)) as events:
            async for message in events:
                progress.refuse([message])
                if progress.rejected is message or progress.take([message]):
                    yield message
                if progress.over:
                    return

    async def begun(self, run: RunId, operation: str = "") -> None:
        """Wait until a run is known that goes on here since a moment ago; do nothing for any other.

        Args:
            run: the run.
            operation: an operation that is to be known as well, if the run has it.
        """
        if run in self.here:
            async with aclosing(self.watch(run)) as events:
                async for message in events:
                    if not operation or _is_known(operation, message):
                        return

    def _meant(self, run: str) -> RunId:
        """Return the run of an id, of the beginning of one, or of `latest`."""
        if run in self._wanted or RunId(run) in self.here:
            return RunId(run)  # it may have just begun, and not be in the history yet
        with closing(History.open(self._at)) as history:
            if self._services is not None and _WHOLE.fullmatch(run) and not history.knows(run):
                return RunId(run)
            return history.find(run)

    async def _events(self, run: RunId) -> AsyncGenerator[Message, None]:
        if self._services is not None:
            async for events in self._services.follow(run, start=self._starts.get(run, 0)):
                for event in events:
                    yield event
            return
        with closing(History.open(self._at)) as history:
            async with aclosing(following.events(history, run, SystemClock())) as kept:
                async for stored in kept:
                    yield following.message_of(stored)

    def _latest(self, run: RunId) -> str:
        """Return what a run of this machine was made from, or resumed by, last; empty if nobody knows."""
        if self._services is not None:
            return ""
        with closing(History.open(self._at)) as history:
            changes = history.events(run, types=(RunChanged.WIRE,))
        return RunChanged.model_validate_json(changes[-1].body).specification if changes else ""


def ordered(
    specification: Specification,
    params: Mapping[str, JsonValue] | None,
    about: About,
    request_id: str | None,
    at: Home,
) -> Order:
    """Return the order of a new run.

    Args:
        specification: a file, a text, or an object.
        params: values for its inputs, by name.
        about: what goes with it in the request, and `hubs`.
        request_id: the request's id; a new one if not given.
        at: where runs of this machine are kept.

    Raises:
        TypeError: there is no such argument, or it is none.
        NotReadableError: the file cannot be read.
    """
    only_known("submit", {**about, "params": params}, _ARGUMENTS)
    lists(about, tags="texts", presets="texts", hubs="texts")
    known = {**about, "params": dict(params or {})}
    options = options_here(at, hubs=about.get("hubs") or ())
    known.pop("hubs", None)
    new = given(specification)
    known |= sent_with(read_specification(new.content), new.file, options)
    return Order(new.content, new.workdir, known, request_id, options.places)


def _is_known(operation: str, event: Message) -> bool:
    """Tell whether an event names an operation, or comes once all are named that a run begins with."""
    if isinstance(event, RunPlanned):
        return any(planned.name == operation for planned in event.operations)
    return isinstance(event, RunChanged) and event.status is not Status.CREATED

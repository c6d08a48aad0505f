"""What has become of the hooks of a run: by its recorded events, and by the runs that were requested."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, Self

from polyflow_shared.read_model.views import REJECTED, RunSummary, RunView, StoredEvent, run_json
from polyflow_topics.events import RequestRejected, RunChanged
from polyflow_topics.hooks import HookRequested, HookSkipped
from polyflow_topics.message import Message
from polyflow_topics.names import RunId
from polyflow_topics.status import FINAL

REQUESTED: Final = "requested"
"""Where the run of a hook stands before anything is known of it."""


class Runs(Protocol):
    """What is known of runs."""

    def events(self, run: RunId, *, after: int = -1, types: Sequence[str] = ()) -> Sequence[StoredEvent]:
        """Return a run's events, of these types."""

    def summary(self, run: RunId) -> RunSummary | None:
        """Return a run in one line."""


@dataclass(frozen=True, slots=True)
class HookView:
    """A hook of something that has ended.

    Attributes:
        hub: the component.
        operation: the scoped name of what has ended; empty for the run.
        run: that was requested, or stands for the refusal of one; None where there was none.
        status: where that stands, or `skipped`.
        reason: of that status, or why no run was requested.
        message: the same as a sentence.
        ended: whether nothing more will come of it.
        generation: how often the run that it follows had been resumed.
        number: its place among the hooks of what has ended, counts from 1; 0 where that is not known.
        trigger: the status that it is for; empty for each.
    """

    hub: str
    operation: str
    run: RunId | None
    status: str
    reason: str = ""
    message: str = ""
    ended: bool = False
    generation: int = 0
    number: int = 0
    trigger: str = ""

    @property
    def label(self) -> str:
        """What tells it from the other hooks of what has ended: `say #2 (failed)`."""
        return label(self.hub, self.number, self.trigger)

    @classmethod
    def of(cls, told: HookRequested | HookSkipped, status: str, **more: Any) -> Self:
        """Return a hook as an event tells of it.

        Args:
            told: the event.
            status: where it stands.
            more: what else is known.
        """
        about = told.hub, told.operation, told.hook, status
        return cls(*about, number=_number(told.place), trigger=str(told.trigger or ""), **more)


def label(hub: str, number: int, trigger: str) -> str:
    """Return a hook in few words that no other of what has ended has.

    Args:
        hub: the component.
        number: its place among them, counts from 1; 0 where that is not known.
        trigger: the status that it is for; empty for each.
    """
    return hub + (f" #{number}" if number else "") + (f" ({trigger})" if trigger else "")


def told_label(data: Mapping[str, Any]) -> str:
    """Return in few words what hook an event is about, by its data."""
    return label(data["hub"], _number(data.get("place")), data.get("trigger") or "")


def _number(place: int | None) -> int:
    return 0 if place is None else place + 1


def hooks_of(runs: Runs, run: RunId) -> Iterator[HookView]:
    """Yield the hooks of a run and of its operations that have had their turn, in the order of that."""
    generation = 0
    for event in runs.events(run, types=(RunChanged.WIRE, HookRequested.WIRE, HookSkipped.WIRE)):
        match event.type:
            case RunChanged.WIRE:
                generation = RunChanged.model_validate_json(event.body).generation
            case HookRequested.WIRE:
                told = HookRequested.model_validate_json(event.body)
                yield replace(_requested(runs, told), generation=generation)
            case _:
                yield _skipped(HookSkipped.model_validate_json(event.body), generation)


def open_hooks(runs: Runs, run: RunId) -> list[RunId]:
    """Return the runs of a run's hooks that have not ended."""
    return [hook.run for hook in hooks_of(runs, run) if hook.run is not None and not hook.ended]


class Following:
    """Runs of hooks that have not ended, as far as events have told."""

    def __init__(self, runs: Iterable[RunId] = ()) -> None:
        """Begin with these."""
        self.open: dict[RunId, None] = dict.fromkeys(runs)

    def note(self, messages: Iterable[Message]) -> None:
        """Take notice of hooks that are requested, and of their ends."""
        for message in messages:
            match message:
                case HookRequested():
                    self.open[message.hook] = None
                case RunChanged() if message.status in FINAL:
                    self.open.pop(message.run, None)
                case RequestRejected():
                    self.open.pop(message.run, None)


def _skipped(told: HookSkipped, generation: int) -> HookView:
    # Where its condition could not be evaluated, a refused run stands for that.
    status = "skipped" if told.hook is None else REJECTED
    return HookView.of(
        told, status, reason=told.reason, message=told.message, ended=True, generation=generation
    )


def _requested(runs: Runs, told: HookRequested) -> HookView:
    found = runs.summary(told.hook)
    if found is None:
        return HookView.of(told, REQUESTED)
    return HookView.of(told, found.status, reason=found.reason, message=found.message, ended=found.final)


def shown_json(view: RunView, hooks: Iterable[HookView]) -> dict[str, Any]:
    """Return a run with the runs of its hooks as JSON, as `show` and `run` print it."""
    return {**run_json(view), "hooks": [hook_json(hook) for hook in hooks if hook.run]}


def hook_json(hook: HookView) -> dict[str, Any]:
    """Return a hook as JSON."""
    return {
        "hub": hook.hub,
        "operation": hook.operation or None,
        "run": hook.run,
        "status": hook.status,
        "reason": hook.reason,
        "message": hook.message,
        "number": hook.number or None,
        "trigger": hook.trigger or None,
    }

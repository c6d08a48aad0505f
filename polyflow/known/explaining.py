"""Why runs and operations stand as they do: what the planner says, or the events where they have ended."""

from dataclasses import dataclass, replace
from typing import Final

from polyflow.events.hooks import HookView
from polyflow.history import UnknownRunError, operation_of
from polyflow.known.sources import Known, Source
from polyflow.requests.ids import new_id
from polyflow.running.asking import HasEndedError
from polyflow_shared.machine.control import EngineGoneError
from polyflow_shared.read_model.views import INTERRUPTED, OperationView, RunView
from polyflow_topics.events import RequestAnswered
from polyflow_topics.names import OperationName, RunId
from polyflow_topics.operating import ExplainPipeline

_EXPLAINED: Final = "Explained"
_WELL = frozenset({"succeeded", "created"})
"""Statuses that explain nothing of how a run has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a run, or an operation of it, stands as it does.

    Attributes:
        run: the run's id.
        name: of the operation, scoped; empty for the run.
        goes_on: whether it has not ended and is not interrupted, so that the planner was asked.
        said: what it waits for at this moment, by the planner, in lines; none where the planner was not
            asked, or has not answered.
        view: the run, by its events; None where nobody but the planner knows of it.
        hooks: of the operation, or of all of the run: those that have had their turn.
        whole: whether all events of the run are known; else the first ones are gone.
    """

    run: RunId
    name: OperationName
    goes_on: bool
    said: tuple[str, ...] = ()
    view: RunView | None = None
    hooks: tuple[HookView, ...] = ()
    whole: bool = True

    @property
    def operation(self) -> OperationView | None:
        """The operation; None for a run, and where the event is gone that named it."""
        return self.view.operations.get(self.name) if self.view and self.name else None

    @property
    def decisive(self) -> tuple[OperationView, ...]:
        """The operations that had a say: the upstreams of an operation, and of a run what is not well in it.

        DAGs and matrices whose end says no more than the ends of what is in them are left out.
        """
        if self.view is None:
            return ()
        operations = self.view.operations
        if (one := self.operation) is not None:
            return tuple(operations[name] for name in one.upstreams if name in operations)
        return tuple(
            one for one in operations.values() if one.status not in _WELL and not one.ended_by_members
        )


async def explain(source: Source, run: str, name: str = "") -> Explanation:
    """Return why a run, or an operation of it, stands as it does.

    Args:
        source: where the run is known.
        run: the run.
        name: of the operation; empty for the run.

    Raises:
        UnknownRunError: nothing is known of the run.
        UnknownOperationError: it has no such operation.
        RefusedError: the planner knows no such operation.
    """
    known = await source.known(run)
    identity, operation = RunId(run) if known is None else known.view.id, OperationName(name)
    goes_on = known is None or not _is_over(known, operation)
    said: tuple[str, ...] = ()
    if goes_on:
        request = ExplainPipeline(run=identity, request=new_id(), operation=operation)
        try:
            said = _said(await source.ask(request), known)
        except (EngineGoneError, HasEndedError):
            goes_on, known = False, await source.known(identity, again=True)
    found = Explanation(run=identity, name=operation, goes_on=goes_on, said=said, whole=False)
    if known is not None:
        return _with_events(found, known)
    if not said:
        raise UnknownRunError(f"there are no events of a run {run!r} (any more, or yet); give its whole id")
    return found


def _is_over(known: Known, name: OperationName) -> bool:
    """Tell whether there is nothing to ask: the run, or this operation of it, has ended.

    Raises:
        UnknownOperationError: the run has no such operation.
    """
    operation = _operation(known, name)
    over = known.view.final or known.view.status == INTERRUPTED
    return over or (operation is not None and operation.final)


def _operation(known: Known, name: OperationName) -> OperationView | None:
    """Return the operation, if one is meant; None also where the event is gone that named it.

    Raises:
        UnknownOperationError: the run has no such operation.
    """
    seen = known.whole or name in known.view.operations
    return operation_of(known.view, name) if name and seen else None


def _said(answer: RequestAnswered | None, known: Known | None) -> tuple[str, ...]:
    """Return what the planner says; nothing where neither it nor anybody else knows the run."""
    if answer is None or (known is None and answer.reason != _EXPLAINED):
        return ()
    return tuple(answer.message.splitlines())


def _with_events(found: Explanation, known: Known) -> Explanation:
    """Return an explanation with what the events say.

    Raises:
        UnknownOperationError: the run has no such operation.
    """
    _operation(known, found.name)
    hooks = tuple(hook for hook in known.hooks if not found.name or hook.operation == found.name)
    return replace(found, view=known.view, hooks=hooks, whole=known.whole)

"""A request made from the request of an earlier run: restart, copy, resume, rerun."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from polyflow.history import History
from polyflow_shared.errors import PolyflowError
from polyflow_shared.language import document
from polyflow_shared.read_model.views import OperationView, RunView
from polyflow_topics.names import RunId
from polyflow_topics.origins import KeptOperation, Lineage, OriginKind

_KEEPING: Final = frozenset({"resume", "rerun"})
"""What keeps operations; a restart and a copy run all of them anew."""


class NotRepeatableError(PolyflowError):
    """A run cannot be restarted, copied, resumed or rerun; the message says why."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A run that has been, and the request that made it."""

    view: RunView
    body: Mapping[str, Any]

    @property
    def run(self) -> RunId:
        """Its id."""
        return self.view.id


@dataclass(frozen=True, slots=True)
class Changes:
    """What is other than the first time.

    Attributes:
        params: values that come before those of the request.
        sent: overlays and references that come after those of the request, as `collecting.sent_with` makes
            them.
        specification: what takes the place of the specification and of all that was laid over it; None leaves
            it.
        about: fields that take the place of the request's: `name`, `tags`.
    """

    params: Mapping[str, Any] = field(default_factory=dict)
    sent: Mapping[str, Any] = field(default_factory=dict)
    specification: Any = None
    about: Mapping[str, Any] = field(default_factory=dict)


def earlier(history: History, run: RunId) -> Earlier:
    """Return a run of the history with its request.

    Raises:
        NotRepeatableError: there is no such run, it goes on, was refused, or its request was removed.
    """
    view, body = history.run(run), history.request(run)
    if view is None:
        raise NotRepeatableError(f"there is no run {run}; `polyflow ls` lists all")
    return of_view(view, body)


def of_view(view: RunView, body: str | None) -> Earlier:
    """Return a run with its request.

    Args:
        view: the run.
        body: of its request; None where it was removed.

    Raises:
        NotRepeatableError: the run was refused, or its request was removed.
    """
    if view.problems:
        raise NotRepeatableError(f"the request of run {view.id} was refused; {_instead(view)}")
    fields = None if body is None else document.read(body.encode()).value
    if not isinstance(fields, dict):
        message = f"the request of run {view.id} is not kept (any more): start it with `polyflow run FILE`"
        raise NotRepeatableError(message)
    return Earlier(view, fields)


def lineage(
    before: Earlier, kind: OriginKind, *, operation: str = "", keeps_changed: bool = False
) -> Lineage:
    """Return where a new request comes from, and what it wants to keep.

    Args:
        before: the run that it comes from.
        kind: how.
        operation: `rerun`: the operation that it begins with.
        keeps_changed: whether operations are kept whose definition has changed.

    Raises:
        NotRepeatableError: there is no such operation.
    """
    names = list(before.view.operations)
    if kind == "rerun" and operation not in names:
        known = ", ".join(names[:20])
        raise NotRepeatableError(f"run {before.run} has no operation {operation!r}; it has {known}")
    return Lineage(
        run=before.run,
        kind=kind,
        operation=operation,
        generation=before.view.generation,
        kept=tuple(_kept(before.view.operations.values())) if kind in _KEEPING else (),
        keeps_changed=keeps_changed,
        root=_root(before) if kind in _KEEPING else None,
    )


def fields_of(before: Earlier, origin: Lineage, changes: Changes) -> dict[str, Any]:
    """Return the fields of a request that comes from an earlier one.

    Args:
        before: the run that it comes from.
        origin: how.
        changes: what is other than the first time.
    """
    fields = {name: value for name, value in before.body.items() if name not in {"origin", "request"}}
    if changes.specification is None:
        for name in ("overlays", "references"):
            fields[name] = _joined(fields.get(name) or (), changes.sent.get(name) or ())
    else:
        for name in ("overlays", "references", "file", "presets"):
            fields.pop(name, None)
        fields |= {"specification": changes.specification, **changes.sent}
    fields["params"] = {**(fields.get("params") or {}), **changes.params}
    fields |= changes.about
    return {**fields, "origin": origin.model_dump(mode="json", exclude_defaults=True)}


def _instead(refused: RunView) -> str:
    """Return what to do where a request was refused: what it was made from can be repeated as before."""
    origin = refused.origin
    if origin is None or origin.kind == "hook":
        return "correct its file, and `polyflow run` it"
    begin = f" --from {origin.operation}" if origin.kind == "rerun" else ""
    return f"it was a {origin.kind} of another one: polyflow {origin.kind} {origin.run}{begin}"


def _root(before: Earlier) -> RunId:
    origin = before.view.origin
    return before.run if origin is None or origin.root is None else origin.root


def _kept(operations: Iterable[OperationView]) -> Iterable[KeptOperation]:
    for one in operations:
        if one.status == "skipped" or (one.status == "succeeded" and not one.dag):
            started, finished = one.ran or (one.started_at, one.finished_at)
            yield KeptOperation(
                name=one.name,
                status="skipped" if one.status == "skipped" else "succeeded",
                definition=one.definition,
                outputs=one.outputs,
                params=one.params,
                started=started,
                finished=finished,
            )


def _joined(first: Sequence[Any], more: Sequence[Any]) -> list[Any]:
    """Return texts of a request and further ones; of two references of one name the first one counts."""
    return [*first, *(one for one in more if one not in first)]

"""Events that operations of a DAG wait for: what this release can see of them, and what is planned."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, get_args

from polyflow_services.spec_validator.layers.composed import Composed, Layer
from polyflow_services.spec_validator.links.graph import (
    declared_upstreams,
    is_event,
    known_upstreams,
    upstream_name,
)
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import Template, V1EventTrigger, V1Operation, known
from polyflow_topics.plan import AwaitedEvent
from polyflow_topics.status import Trigger

_STATUS: Final = "run_status_"
SEEN: Final[tuple[AwaitedEvent, ...]] = get_args(AwaitedEvent)
_SILENT: Final = frozenset({"created", "stopping"})
"""No event tells of these; waiting for nothing else is an error of its own."""
_INSTEAD: Final[Mapping[str, AwaitedEvent]] = {
    "compiled": "scheduled",
    "on_schedule": "scheduled",
    "resuming": "scheduled",
    "starting": "running",
    "warning": "scheduled",
    "unschedulable": "scheduled",
    "unknown": "scheduled",
}
"""What comes nearest to statuses that this release does not tell apart."""


class Awaited(NamedTuple):
    """What an operation waits for, by numbers of its DAG."""

    upstreams: list[int]
    ends: list[int]
    """Those that it waits for the end of."""
    events: dict[int, tuple[AwaitedEvent, ...]]


def upstreams_of(
    layer: Layer, composed: Composed, members: Mapping[str, int], findings: list[Finding]
) -> Awaited:
    """Return what an operation waits for; note what of it there is not.

    Args:
        layer: the operation as its DAG has it.
        composed: the operation with all layers.
        members: operations of its DAG: name to number.
        findings: where to note what is wrong.
    """
    declared = [*declared_upstreams(layer.operation, layer.path, composed)]
    names = known_upstreams(declared, members, findings)
    ends = {name for name, path in declared if not is_event(path)}
    events = awaited(layer.operation)
    if not declared:
        findings.extend(_of_nobody(layer.operation, layer.path))
    return Awaited(
        upstreams=[members[name] for name in names],
        ends=[members[name] for name in names if name in ends],
        events={members[name]: events[name] for name in names if name in events},
    )


def _of_nobody(operation: V1Operation, path: Path) -> Iterator[Finding]:
    """Yield a warning for what an operation says of its upstreams, though it has none."""
    if operation.dependencies or operation.events:  # what cannot be read is said elsewhere
        return
    trigger = known(operation.trigger)
    if trigger is not None and trigger is not Trigger.ALL_SUCCEEDED:
        yield _means_nothing(f"trigger: {trigger}", (*path, "trigger"))
    if operation.skip_on_upstream_skip is True:
        yield _means_nothing("skipOnUpstreamSkip", (*path, "skipOnUpstreamSkip"))


def _means_nothing(what: str, path: Path) -> Finding:
    message = f"`{what}` means nothing: the operation has no upstreams, and starts at once"
    return Finding(
        Code.NEVER, message, path, f"name them in `dependencies`, or remove `{path[-1]}`", warning=True
    )


def awaited(operation: V1Operation) -> Mapping[str, tuple[AwaitedEvent, ...]]:
    """Return the events that an operation waits for, by the name of the upstream: one of them each.

    Args:
        operation: of a DAG, with its own events.
    """
    found: dict[str, set[str]] = {}
    for event in known(operation.events) or ():
        upstream = upstream_name(event.ref)
        if upstream is not None:
            found.setdefault(upstream, set()).update(_statuses(event))
    return {name: tuple(event for event in SEEN if event in events) for name, events in found.items()}


def unsupported_events(operation: V1Operation, path: Path) -> Iterator[Finding]:
    """Yield the events of a layer that cannot be waited for yet.

    Args:
        operation: the layer.
        path: where it stands.
    """
    if isinstance(operation.events, Template):
        yield _late((*path, "events"))
        return
    for index, event in enumerate(operation.events or ()):
        yield from _unsupported(event, (*path, "events", index))


def of_a_run(top: Composed) -> Iterator[Finding]:
    """Yield events that a whole run is to wait for."""
    for layer in top.layers:
        if layer.operation.events:
            message = "events that start a whole run are not supported yet"
            hint = "give `events` to an operation of a DAG, with `ref: ops.NAME`"
            yield Finding(Code.NOT_YET, message, (*layer.path, "events"), hint, at_key=True)


def _statuses(event: V1EventTrigger) -> Iterator[str]:
    for kind in known(event.kinds) or ():
        yield kind.removeprefix(_STATUS)


def _unsupported(event: V1EventTrigger, path: Path) -> Iterator[Finding]:
    if isinstance(event.kinds, Template):
        yield _late((*path, "kinds"))
    elif "." in event.ref and upstream_name(event.ref) is None:
        message = f"events of `{event.ref}` are not supported yet"
        hint = "write `ref: ops.NAME` with the name of an operation of the same DAG"
        yield Finding(Code.NOT_YET, message, (*path, "ref"), hint)
    for index, kind in enumerate(known(event.kinds) or ()):
        status = kind.removeprefix(_STATUS)
        if not kind.startswith(_STATUS) or status not in {*SEEN, *_SILENT}:
            message = f"events of kind `{kind}` are not supported yet"
            yield Finding(Code.NOT_YET, message, (*path, "kinds", index), _instead(status))


def _instead(status: str) -> str:
    if status in _INSTEAD:
        return f"did you mean `{_STATUS}{_INSTEAD[status]}`?"
    return f"operations can wait for {', '.join(f'`{_STATUS}{event}`' for event in SEEN)}"


def _late(path: Path) -> Finding:
    return Finding(Code.NOT_YET, f"a template in `{path[-1]}` is not supported yet", path)

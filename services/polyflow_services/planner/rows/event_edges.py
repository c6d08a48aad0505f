"""Edges that are met by an event of the upstream, such as that it runs, rather than by its end.

The downstreams of an operation that wait for the same events of it are a group.  Who has come to a status has
come to those before it on the usual way: a job that has ended well has run, though nobody has seen it run.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from polyflow_shared.deciding.rows import Row
from polyflow_topics.status import Status


class GroupRow(Row, frozen=True, array_like=True, tag="group.v1"):
    """Downstreams of an operation that wait for one of the same events."""

    events: tuple[str, ...]
    """As in the plan; at most eleven short words."""
    came: Status | None = None
    """The status of the upstream that has decided; none while nothing has."""
    met: bool = False
    """Whether one of the events has happened."""
    followed: int = 0
    """Chunks of its edges that were followed."""


def group_key(run: str, source: int, group: int) -> str:
    """Return the key of a group of downstreams."""
    return f"{run}/group/{source}/{group}"


def event_edges_key(run: str, source: int, group: int, chunk: int) -> str:
    """Return the key of a chunk of the edges to a group."""
    return f"{run}/awaits/{source}/{group}/{chunk}"


def named(events: Iterable[str]) -> str:
    """Return events as a user writes them: one of these."""
    return " or ".join(f"run_status_{event}" for event in events)


def has_happened(events: tuple[str, ...], status: Status, *, ran: bool) -> bool:
    """Tell whether one of some events has happened to an operation by now.

    Args:
        events: as in the plan.
        status: where it stands.
        ran: whether its container is known to have run.
    """
    come = _COME.get(status, _NOTHING)
    return not come.isdisjoint(events) or (ran and not _RAN.isdisjoint(events))


_NOTHING: Final = frozenset[str]()
_WAY: Final = ("queued", "scheduled", "running", "processing", "succeeded")
"""The usual way; each of these says that those before it have been."""
_RAN: Final = frozenset(_WAY[:3])
_SUCCEEDED: Final = frozenset({*_WAY, "done"})
_COME: Final[Mapping[Status, frozenset[str]]] = {
    Status.QUEUED: frozenset(_WAY[:1]),
    Status.SCHEDULED: frozenset(_WAY[:2]),
    Status.RUNNING: frozenset(_WAY[:3]),
    Status.PROCESSING: frozenset(_WAY[:4]),
    Status.RETRYING: frozenset({*_WAY[:2], "retrying"}),
    Status.SUCCEEDED: _SUCCEEDED,
    Status.SKIPPED: _SUCCEEDED | {"skipped"},  # it counts as succeeded
    Status.FAILED: frozenset({"failed", "done"}),
    Status.STOPPED: frozenset({"stopped", "done"}),
    Status.UPSTREAM_FAILED: frozenset({"upstream_failed", "done"}),
}
"""The events that have happened to an operation with a status."""

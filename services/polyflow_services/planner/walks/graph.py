"""How the end of an operation, or an event, reaches what waits for it.

There are counters on the downstream side; edges are followed chunk by chunk.
"""

from typing import Final

from msgspec.structs import replace

from polyflow_services.planner.ends.endings import End, finish
from polyflow_services.planner.rows import event_edges, keys, state
from polyflow_services.planner.rows.event_edges import GroupRow
from polyflow_services.planner.rows.state import OperationRow
from polyflow_services.planner.starts import gates, starting
from polyflow_services.planner.turn import Turn
from polyflow_services.planner.values import triggers
from polyflow_services.planner.values.triggers import Source, Verdict
from polyflow_topics.inbox import Release, ReleaseContinued
from polyflow_topics.plan import EDGES_PER_CHUNK
from polyflow_topics.status import Status

EVENT_MISSED: Final = "EventMissed"
"""The reason of an operation that waits for an event which cannot happen any more."""


def follow(turn: Turn, release: Release) -> bool:
    """Follow one chunk of edges.  Return False if there is no room for it in this turn.

    A chunk that was followed before, or that does not exist, is done at once.
    """
    edges = turn.find(_key(turn, release))
    if edges is None:
        return True
    group = _group(turn, release)
    if _followed(turn, release, group) != release.chunk:
        return True
    if turn.steps_left < len(edges.targets):
        return False
    turn.steps_left -= len(edges.targets)
    source = _source(turn, release, group)
    _mark_followed(turn, release, group)
    for target in edges.targets:
        _reach(turn, target, source)
    if len(edges.targets) == EDGES_PER_CHUNK:
        turn.release(release.source, opening=release.opening, chunk=release.chunk + 1, group=release.group)
    return True


def carry_over(turn: Turn) -> None:
    """Leave what is still to be followed to a message of the planner to itself."""
    if turn.releases:
        turn.send(ReleaseContinued(run=turn.run, releases=tuple(turn.releases)))
        turn.releases.clear()


def _key(turn: Turn, release: Release) -> str:
    if release.group is None:
        return keys.edges_key(turn.run, release.source, release.opening, release.chunk)
    return event_edges.event_edges_key(turn.run, release.source, release.group, release.chunk)


def _group(turn: Turn, release: Release) -> GroupRow | None:
    """Return what is known of those who wait for an event; None where they wait for an end."""
    if release.group is None:
        return None
    return turn.need(event_edges.group_key(turn.run, release.source, release.group), GroupRow)


def _followed(turn: Turn, release: Release, group: GroupRow | None) -> int:
    if group is not None:
        return group.followed
    if release.opening:
        return turn.scope(release.source).opened
    return turn.operation(release.source).released


def _source(turn: Turn, release: Release, group: GroupRow | None) -> Source | None:
    """Return an upstream as what waits for it sees it: a service that was up has done its part."""
    if release.opening:
        return None
    row = turn.operation(release.source)
    if group is not None:
        return Source(row.name, group.came or row.status, group)
    return Source(row.name, Status.SUCCEEDED if row.up else row.status)


def _mark_followed(turn: Turn, release: Release, group: GroupRow | None) -> None:
    if group is not None:
        key = event_edges.group_key(turn.run, release.source, release.group or 0)
        turn.put_alone(key, replace(group, followed=release.chunk + 1))
    elif release.opening:
        scope = turn.scope(release.source)
        turn.put_scope(release.source, replace(scope, opened=release.chunk + 1))
    else:
        row = turn.operation(release.source)
        turn.put_operation(release.source, replace(row, released=release.chunk + 1))


def _reach(turn: Turn, target: int, source: Source | None) -> None:
    row = turn.operation(target)
    if row.status is not Status.CREATED:
        _catch_up(turn, target, row)
        return
    if source is None or row.kept:  # what is kept has met its trigger before
        starting.ready(turn, target)
        return
    fired = triggers.verdict(row) is Verdict.START
    row = triggers.counted(row, source)
    turn.put_operation(target, row)
    if row.skips and row.skipped:
        finish(turn, target, End(Status.SKIPPED, gates.UPSTREAM_SKIPPED, f"upstream {triggers.did(source)}"))
        return
    if fired:
        return  # by an upstream before this one: a gate holds it, or its slot has not been granted yet
    match triggers.verdict(row):
        case Verdict.START:
            starting.ready(turn, target)
        case Verdict.NEVER if not (row.skips and row.done < row.upstreams):  # one may still be skipped
            finish(turn, target, End(Status.UPSTREAM_FAILED, _reason(source), triggers.never(row, source)))
        case _:
            pass


def _catch_up(turn: Turn, target: int, row: OperationRow) -> None:
    """Let go what waits for an operation that had ended before its DAG was opened."""
    if state.final(row.status) and not row.released and turn.closing(row.scope) is None:
        turn.release(target)
        for number in range(row.groups):
            turn.release(target, group=number)


def _reason(last: Source) -> str:
    return "TriggerNotMet" if last.group is None or last.group.met else EVENT_MISSED

"""When an operation's trigger is met, when it cannot be met any more, and how that is said.  Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from polyflow_services.planner.rows import event_edges
from polyflow_services.planner.rows.event_edges import GroupRow
from polyflow_services.planner.rows.state import FAILURES, OperationRow
from polyflow_topics.status import Status, Trigger


@dataclass(frozen=True, slots=True)
class Rule:
    """What a trigger asks for."""

    every: bool
    """Whether of all upstreams; of one else."""
    end: Literal["succeeded", "failed", "done"]
    """How they have to end: what a row counts, by its field's name; `done` is in whatever way."""


RULES: Final[Mapping[Trigger, Rule]] = {
    Trigger.ALL_SUCCEEDED: Rule(every=True, end="succeeded"),
    Trigger.ALL_FAILED: Rule(every=True, end="failed"),
    Trigger.ALL_DONE: Rule(every=True, end="done"),
    Trigger.ONE_SUCCEEDED: Rule(every=False, end="succeeded"),
    Trigger.ONE_FAILED: Rule(every=False, end="failed"),
    Trigger.ONE_DONE: Rule(every=False, end="done"),
}
"""A skipped upstream counts as succeeded; `upstream_failed` counts as failed; `stopped` as neither."""


class Source(msgspec.Struct, frozen=True):
    """An upstream as what waits for it sees it; `group` is set where that waits for an event."""

    name: str
    status: Status
    group: GroupRow | None = None


class Verdict(Enum):
    """What an operation's trigger says by now."""

    WAIT = "wait"
    START = "start"
    NEVER = "never"


def verdict(row: OperationRow) -> Verdict:
    """Return what the trigger says, given how the upstreams stand that have ended.

    A trigger that can no longer come true gives up at once, and no sooner.
    """
    rule = RULES[row.trigger]
    matching: int = getattr(row, rule.end)
    if rule.every and matching < row.done:
        return Verdict.NEVER
    if not rule.every and matching:
        return Verdict.START
    if row.done != row.upstreams:
        return Verdict.WAIT
    return Verdict.START if rule.every else Verdict.NEVER


def counted(row: OperationRow, source: Source) -> OperationRow:
    """Return an operation that has heard of an upstream.

    An event that has happened counts as whatever the trigger asks for, one that cannot happen any more as
    nothing of the kind.
    """
    if source.group is None:
        succeeded, failed = source.status in _GOOD, source.status in FAILURES
    else:
        failed = source.group.met and RULES[row.trigger].end == "failed"
        succeeded = source.group.met and not failed
    return replace(
        row,
        done=row.done + 1,
        succeeded=row.succeeded + succeeded,
        failed=row.failed + failed,
        skipped=row.skipped + (source.status is Status.SKIPPED),
    )


def never(row: OperationRow, last: Source) -> str:
    """Return why a trigger can no longer be met, given the upstream that was heard of last."""
    rule = RULES[row.trigger]
    matches = last.status in (_GOOD if rule.end == "succeeded" else FAILURES)
    if not rule.every:
        why = f"no upstream {rule.end}; the last one, {did(last, ',')}"
    elif matches if last.group is None else last.group.met:  # an earlier one has decided
        why = f"of {row.upstreams} upstreams {row.succeeded} succeeded and {row.failed} failed"
    else:
        why = f"upstream {did(last)}"
    return f"trigger {row.trigger} cannot be met: {why}"


def did(source: Source, comma: str = "") -> str:
    """Return what an upstream did, as the end of a sentence; `comma` is written behind its name."""
    told = f"{source.name!r}{comma} {_DID[source.status]}"
    if source.group is None or source.group.met:
        return told
    return f"{told} without {event_edges.named(source.group.events)}"


_GOOD: Final = frozenset({Status.SUCCEEDED, Status.SKIPPED})
_DID: Final = {
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.UPSTREAM_FAILED: "was not run because of its own upstreams",
    Status.STOPPED: "was stopped",
    Status.SKIPPED: "was skipped",
}
"""What a final status says, as the end of a sentence about an upstream."""

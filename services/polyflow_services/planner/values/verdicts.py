"""What triggers ask for, are told, and say."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

import msgspec

from polyflow_services.planner.rows.event_edges import GroupRow
from polyflow_topics.status import Status


@dataclass(frozen=True, slots=True)
class Rule:
    """What a trigger asks for."""

    every: bool
    """Whether of all upstreams; of one else."""
    end: Literal["succeeded", "failed", "done"]
    """How they have to end: what a row counts, by its field's name; `done` is in whatever way."""


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

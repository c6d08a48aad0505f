"""Hooks: runs that follow the end of a run or of an operation."""

from typing import ClassVar, Final, Literal

from pydantic import Field

from polyflow_topics.events import RunEvent
from polyflow_topics.message import Frozen, Values
from polyflow_topics.names import THE_RUN, OperationName, RunId
from polyflow_topics.requests import ReferenceSent
from polyflow_topics.status import Status

DEFAULTS: Final = (
    "name", "uuid", "kind", "status", "runtime", "wait_time", "duration", "inputs", "outputs", "condition",
)  # fmt: skip
"""The params that a hook gets of what has ended, unless it goes without."""


class PlannedHook(Frozen):
    """What is requested when an operation, or the run, has ended."""

    owner: int = THE_RUN
    """The operation's number."""
    place: int
    """Counts from 0 among the hooks of its owner."""
    trigger: Status | None = None
    """The final status that it is for; none: each."""
    condition: str = ""
    """A template that gives true or false; empty: always."""
    specification: Values
    """What is run, without what is known of the end."""
    references: tuple[ReferenceSent, ...] = ()
    """What it refers to, as it was when the run was planned."""
    defaults: bool = True
    """Whether it gets what is known of the end as params."""
    kind: str = "dag"
    """What has ended: `job`, `service`, `dag` or `matrix`."""


class HookRequested(RunEvent):
    """A run was requested because this one, or an operation of it, has ended."""

    WIRE: ClassVar[str] = "polyflow.hook.requested.v1"

    operation: OperationName = OperationName("")
    """The operation that has ended; empty for the run."""
    status: Status
    """How it has ended."""
    hook: RunId
    """The run that was requested."""
    hub: str = Field(default="")
    """The component that it runs."""
    place: int | None = None
    """Its place among the hooks of what has ended, counts from 0; none where an earlier release said it."""
    trigger: Status | None = None
    """The final status that it is for; none: each."""


class HookSkipped(RunEvent):
    """No run was requested for a hook, though this run, or an operation of it, has ended."""

    WIRE: ClassVar[str] = "polyflow.hook.skipped.v1"

    operation: OperationName = OperationName("")
    """The operation that has ended; empty for the run."""
    status: Status
    """How it has ended."""
    hub: str = Field(default="")
    """The component that was not run."""
    hook: RunId | None = None
    """The refused run that stands for a condition which could not be evaluated."""
    reason: Literal["TriggerNotMet", "ConditionFalse", "ConditionInvalid"]
    message: str = ""
    """A sentence."""
    place: int | None = None
    """Its place among the hooks of what has ended, counts from 0; none where an earlier release said it."""
    trigger: Status | None = None
    """The final status that it is for; none: each."""

"""Rows that only some have: what is read of operations, what they ask, what is left of runs, requests."""

from datetime import datetime

import msgspec

from polyflow_shared.deciding.rows import Row
from polyflow_topics.status import Status


class ToldRow(Row, frozen=True, array_like=True, tag="told.v1"):
    """What other operations read of one beside its outputs."""

    started: datetime | None = None
    """When its first attempt began to run."""
    finished: datetime | None = None
    inputs: msgspec.Raw = msgspec.Raw(b"{}")
    """Its params as it was started with, as JSON."""


class AnswersRow(Row, frozen=True, array_like=True, tag="answers.v1"):
    """What an operation, or a run, has asked about other runs."""

    values: msgspec.Raw = msgspec.Raw(b"{}")
    """Of its params that are made of answers, by name, as JSON."""
    waiting: bool = True
    """Whether there is no answer yet."""


class ArrivedRow(Row, frozen=True, array_like=True, tag="arrived.v1"):
    """Outputs that an attempt has stated through the gateway."""

    attempt: int
    number: int
    """Of the last statement; 0 where they are not counted."""
    body: msgspec.Raw
    """All outputs so far, as JSON."""
    excess: int = 0
    """Bytes that they would have taken where they were too large; 0 where they were not."""


class PendingStopRow(Row, frozen=True, array_like=True, tag="pending-stop.v1"):
    """Why something is to end: a run that has not begun, or an operation whose pod has not ended yet."""

    reason: str
    message: str


class StubRow(Row, frozen=True, array_like=True, tag="stub.v1"):
    """What is left of a run that has ended: enough to know its request when it comes again."""

    specification: str
    status: Status
    sequence: int = 0
    """Of the last public event."""
    attempts: int = 0
    """One more than the highest number of an attempt, of whatever operation."""
    generation: int = 0
    """How often it was resumed."""
    first: str = ""
    """What `specification` was before it was resumed for the first time; empty for most."""


class ResumeRow(Row, frozen=True, array_like=True, tag="resume.v1"):
    """A plan goes round until rows are removed: of its run, which has just ended, or of a plan before it."""

    plan: str
    cursor: int = 0
    """Numbers of the plan before it whose rows are removed."""
    last: int = 0
    """One more than the operations of that; 0 where the run has ended."""
    ready: bool = False
    """Whether it is taken in now, but for what has overtaken a part before it on the way round."""


class AnsweredRow(Row, frozen=True, array_like=True, tag="answered.v1"):
    """A request about the run was answered; what comes again under its id is over.

    They stay for as long as anything is known of the run, so that one which comes again after the run was
    resumed changes nothing.  The row without a name is where the chain of them begins.
    """

    before: str
    """The one that was answered before; empty for the first."""

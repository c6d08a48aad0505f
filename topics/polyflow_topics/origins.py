"""Runs that come from runs: which one, how, and what of it is kept."""

from typing import Literal

from pydantic import Field

from polyflow_topics.message import Frozen, Moment, Values
from polyflow_topics.names import OperationName, RunId, SentRunId

OriginKind = Literal["restart", "copy", "resume", "rerun", "hook"]
"""`restart`: a new run, all anew; `copy`: the same, with the artifacts; `resume`: the same run goes on;
`rerun`: a new run from one operation on; `hook`: a run that followed the end of another one."""


class Origin(Frozen):
    """The run that a run comes from."""

    run: SentRunId
    """For `resume` the run itself."""
    kind: OriginKind
    operation: str = ""
    """`rerun`: where it begins; `hook`: the operation that has ended, empty for the whole run."""
    generation: int = Field(default=0, ge=0)
    """How often that run had been resumed."""
    root: RunId | None = None
    """The run by whose id random searches were drawn, so that trials that are kept are drawn again."""


class Kept(Frozen):
    """What an operation is from the start, and what others may read of it."""

    status: Literal["succeeded", "skipped"] = "succeeded"
    outputs: Values = Field(default_factory=dict)
    params: Values = Field(default_factory=dict)
    """As they were resolved; empty where it never started."""
    started: Moment | None = None
    finished: Moment | None = None


class KeptOperation(Kept):
    """What an operation of the earlier run has come to."""

    name: OperationName
    """Scoped."""
    definition: str = ""
    """What it was, as the earlier run's events say; another one now, and it is not kept."""


class Lineage(Origin):
    """Where a requested run comes from, and what of that is to be kept."""

    kept: tuple[KeptOperation, ...] = ()
    """Of these stays what is the same, and has nothing before it that runs anew."""
    keeps_changed: bool = False
    """Whether an operation is kept though its definition has changed."""

    def of_run(self) -> Origin:
        """Return where the run comes from, without what is kept of it."""
        return Origin.model_validate(self.model_dump(include={*Origin.model_fields}))

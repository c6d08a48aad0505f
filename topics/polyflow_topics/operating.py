"""The public requests about a run that goes on: to skip, to approve, to pause, to change a limit, to upload.

Each may be sent twice, at any time, also before its run exists, and is answered by `RequestAnswered`.  To
stop something is `requests.StopPipeline`.
"""

from hashlib import sha256
from typing import ClassVar, Final

from pydantic import Field

from polyflow_topics.message import Message
from polyflow_topics.names import OperationName, SentRequestId, SentRunId


class RunRequest(Message):
    """What all requests about a run say."""

    run: SentRunId
    request: SentRequestId = ""
    """An id that the sender chooses, a new one for each request: the answer names it, and another request of
    the same kind and id is taken for a repetition.  The CloudEvent's own id where absent.  At most 200
    characters."""

    @classmethod
    def kind(cls) -> str:
        """Return what is asked for, in a word: the one before the version in its type."""
        return cls.WIRE.split(".")[-2]

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: the sender's, or one for all that say the same."""
        said = sha256(self.model_dump_json().encode()).hexdigest()[:16]
        return self.request or f"{self.run}/{self.kind()}/{said}"


class SkipPipeline(RunRequest):
    """Request: leave out what has not started.  What is on a cluster has, and the answer says so.

    Of a DAG that goes on, what runs is stopped, and the rest is skipped.
    """

    WIRE: ClassVar[str] = "polyflow.pipeline.skip.v1"

    operation: OperationName = OperationName("")
    """Scoped; empty for the whole run."""
    reason: str = "Skipped"
    """A word in CamelCase, at most 64 letters and digits.  Any other text is told in front of the message,
    and the reason is `Skipped`."""
    message: str = ""


class ApprovePipeline(RunRequest):
    """Request: what waits for an approval may start; what does not yet will not wait."""

    WIRE: ClassVar[str] = "polyflow.pipeline.approve.v1"

    operation: OperationName = OperationName("")
    """Scoped; empty for the run itself."""


UPLOAD_FAILED: Final = "UploadFailed"
"""Why files have not arrived, where nobody says it in a word."""


class UploadPipeline(RunRequest):
    """Request: the files that a run waits for are where it finds them, so it may start; or why they are not.

    A run that is told why goes on waiting, and its history says so.
    """

    WIRE: ClassVar[str] = "polyflow.pipeline.upload.v1"

    reason: str = ""
    """A word in CamelCase, at most 64 letters and digits, where the files have not arrived; empty where they
    have.  Any other text is told in front of the message, and the reason is `UploadFailed`."""
    message: str = ""


class PausePipeline(RunRequest):
    """Request: nothing more of the run is launched; what is on a cluster goes on."""

    WIRE: ClassVar[str] = "polyflow.pipeline.pause.v1"


class UnpausePipeline(RunRequest):
    """Request: a paused run goes on."""

    WIRE: ClassVar[str] = "polyflow.pipeline.unpause.v1"


class LimitPipeline(RunRequest):
    """Request: so many operations of a DAG may be active at once; the last request that is read holds.

    What is active goes on, also where it is more than that.
    """

    WIRE: ClassVar[str] = "polyflow.pipeline.limit.v1"

    operation: OperationName = OperationName("")
    """The DAG, by its scoped name; empty for the run's own."""
    concurrency: int | None = Field(ge=1)
    """None: no limit."""


class ExplainPipeline(RunRequest):
    """Request: say what a run, or an operation, waits for; the answer's message has a line for each thing."""

    WIRE: ClassVar[str] = "polyflow.pipeline.explain.v1"

    operation: OperationName = OperationName("")
    """Scoped; empty for the run."""

"""What containers have written, as far as it is kept once their pods are gone."""

from typing import ClassVar, Final

from polyflow_topics.message import Message, Moment
from polyflow_topics.names import OperationName, RunId

MAX_TAIL_BYTES: Final = 64 * 1024
"""What is kept of a container's log, in UTF-8."""


class LogTailSaved(Message):
    """The end of a container's log, read after its pod had ended.  Repetitions are harmless."""

    WIRE: ClassVar[str] = "polyflow.log.saved.v1"

    run: RunId
    operation: OperationName
    index: int
    attempt: int
    """Counts from 0."""
    container: str
    """`main` is the operation's own; others are init containers and sidecars."""
    text: str
    """At most 64 KiB; what is no UTF-8 is replaced."""
    cut: bool = False
    """Whether there was more before it."""
    missing: str = ""
    """Why it could not be read; then the text is empty."""
    at: Moment

    def key(self) -> str:
        """Return the run's id."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each container of an attempt."""
        return f"{self.run}/{self.index}/{self.attempt}/{self.container}/log"

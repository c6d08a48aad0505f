"""Questions about other runs that the planner has the read model answer: for joins, and for `ref: runs.UUID`.

They travel on `run-events`, behind all that the run has said before: whoever reads them there knows of the
run what the planner knew when it asked, however far behind it is.
"""

from typing import ClassVar

from pydantic import JsonValue

from polyflow_topics.message import Frozen, Message, Moment
from polyflow_topics.names import OperationName, RunId


class Question(Frozen):
    """What is read of some runs: of those that a query finds, or of one."""

    query: str = ""
    """In the query language; may have templates until it is asked."""
    sort: str = ""
    limit: int | str | None = None
    """Runs at most; a template until it is asked."""
    offset: int | str | None = None
    """Runs that are left out first; a template until it is asked."""
    within: OperationName = OperationName("")
    """Only what is directly in this DAG or matrix of the same run; empty for any."""
    run: str = ""
    """The id of the one run, or operation, that is meant; empty where the query says."""
    entries: tuple[str, ...] = ()
    """What is read of each: `outputs.loss`, `inputs`, `globals.status` …"""


class RunsQueried(Message):
    """An operation, or the run, waits for what runs of its project have; the read model's owner answers."""

    WIRE: ClassVar[str] = "polyflow.runs.queried.v1"

    run: RunId
    index: int
    """The number of the operation that waits; -1 for the run itself, which has not begun."""
    project: str
    owner: str
    questions: tuple[Question, ...]
    at: Moment

    def key(self) -> str:
        """Return the id of the run that asks."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each operation, or run, that asks."""
        return f"{self.run}/{self.index}/queried"


class Answer(Frozen):
    """What a question has found."""

    values: tuple[tuple[JsonValue, ...], ...] = ()
    """For each entry a list over the runs, in their order; null where a run lacks it."""
    reason: str = ""
    """Why there is no answer: a word in CamelCase."""
    message: str = ""


class RunsFound(Message):
    """The answers to the questions of an operation or run, in their order.  The first to arrive counts."""

    WIRE: ClassVar[str] = "polyflow.runs.found.v1"

    run: RunId
    index: int
    answers: tuple[Answer, ...]

    def key(self) -> str:
        """Return the id of the run that asked."""
        return self.run

    def identity(self) -> str:
        """Return an id: one for each operation, or run, that asked."""
        return f"{self.run}/{self.index}/found"

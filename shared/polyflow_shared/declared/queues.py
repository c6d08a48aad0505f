"""The catalogue of queues, and the limit of the installation."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from polyflow_shared.clock import Clock
from polyflow_shared.declared import catalogues
from polyflow_shared.declared.catalogues import CatalogueError, CatalogueKind
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Nearest
from polyflow_shared.language.models.base import Integer, Model, Words, broken_rule
from polyflow_shared.observing.logs import Log
from polyflow_topics.admission import DEFAULT

LOCAL: Final = "local"
"""The cluster of queues that name none."""
LOOK: Final = 2.0
"""Seconds between two looks at the file."""


def _not_default(name: str) -> str:
    if name == DEFAULT or "/" in name:
        hint = f"`{DEFAULT}` is the queue of operations that name none, and `/` parts cluster and queue"
        raise broken_rule(f"`{name}` cannot be the name of a queue", hint=hint)
    return name


class Queue(Model):
    """One queue."""

    name: Annotated[str, AfterValidator(_not_default)]
    """What operations name it by: `queue: QUEUE` or `queue: CLUSTER/QUEUE`."""
    description: str | None = None
    """For people."""
    cluster: str | None = None
    """Where its operations run; `local` where absent."""
    namespace: str | None = None
    """Where its operations run that name no namespace."""
    priority: Integer = 0
    """Of operations that wait under limits, those with a higher one go first."""
    limit: Integer | None = Field(default=None, ge=1)
    """Operations that run at once; any number where absent."""
    presets: Words | None = None
    """Saved presets: what an operation does not say itself they say for it; of two the first one counts."""
    kueue: str | None = None
    """The local queue of Kueue that its pods are labelled with."""
    projects: Words | None = None
    """The projects that may use it; all where absent."""

    @property
    def place(self) -> str:
        """The cluster where its operations run, if none is named beside it."""
        return self.cluster or LOCAL


class QueuesFile(Model):
    """The file."""

    max_concurrency: Integer | None = Field(default=None, ge=1)
    """Operations that run at once in the whole installation."""
    queues: list[Queue] = Field(default_factory=list)
    """In any order."""


@dataclass(frozen=True, slots=True)
class Queues:
    """Queues by their names, and the limit over all of them.

    Attributes:
        queues: those of the catalogue.
        operations: how many run at once in the whole installation; None is any number.
    """

    queues: Mapping[str, Queue] = field(default_factory=dict)
    operations: int | None = None

    @property
    def presets(self) -> frozenset[str]:
        """Names of all presets of all queues."""
        return frozenset(name for queue in self.queues.values() for name in queue.presets or ())

    def find(self, name: str, project: str) -> Queue | Finding:
        """Return a queue, or why it may not be used, without a path."""
        found = self.queues.get(name)
        if found is None:
            return Finding(
                Code.UNKNOWN_CLUSTER, f"there is no queue `{name}`", hint=Nearest(name, self.queues)
            )
        if found.projects is not None and project not in found.projects:
            message = f"project `{project}` has no access to the queue `{name}`"
            hint = "whoever runs polyflow can add it to the queue's `projects`"
            return Finding(Code.QUEUE_FORBIDDEN, message, hint=hint)
        return found

    def limited(self, queue: Queue | None) -> bool:
        """Tell whether operations of a queue, or of none, are under any limit."""
        return self.operations is not None or (queue is not None and queue.limit is not None)


def load(path: Path | None, operations: int | None) -> Queues:
    """Return the catalogue in a file, if there is one; may block.

    Args:
        path: the file.
        operations: the limit of the installation, where the file says nothing about it.

    Raises:
        CatalogueError: it cannot be read, or something is wrong with it.
    """
    return (
        Queues(operations=operations) if path is None else _queues(catalogues.load(_KIND, path), operations)
    )


def read(text: bytes | str, file: str) -> Queues:
    """Return the queues, and the limit of the installation, that a text says.

    Args:
        text: YAML or JSON.
        file: what to call it.

    Raises:
        CatalogueError: something is wrong with it.
    """
    return _queues(catalogues.read(_KIND, text, file), None)


class LiveQueues:
    """The catalogue as it is now: its file is read again when it changes."""

    def __init__(self, path: Path | None, operations: int | None) -> None:
        """Read it; may block.

        Args:
            path: the file, if there is one.
            operations: the limit of the installation, where the file says nothing about it.

        Raises:
            CatalogueError: it cannot be read, or something is wrong with it.
        """
        self._path = path
        self._operations = operations
        self._seen = _state_of(path)
        self.now = load(path, operations)
        """What it says; what it said before where something is wrong with it now."""

    async def changes(self, clock: Clock, log: Log) -> AsyncIterator[Queues]:
        """Yield what it says whenever that has become something else, for ever."""
        while True:
            await clock.sleep(LOOK)
            state = _state_of(self._path)
            if state == self._seen:
                continue
            self._seen = state
            try:
                found = load(self._path, self._operations)
            except CatalogueError as error:
                log.error("queues_refused", message=str(error))  # noqa: TRY400 -- one clear line
                continue
            if found != self.now:
                self.now = found
                log.info("queues_changed", queues=len(found.queues), operations=found.operations)
                yield found


def _state_of(path: Path | None) -> tuple[int, ...]:
    """Return what is another where a file has been changed, or put in the place of another one."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        found = None
    return () if found is None else (found.st_ino, found.st_mtime_ns, found.st_size)


def _queues(file: QueuesFile, operations: int | None) -> Queues:
    limit = operations if file.max_concurrency is None else file.max_concurrency
    return Queues({one.name: one for one in file.queues}, limit)


_KIND: Final = CatalogueKind(entries="queues", one="queue", file=QueuesFile, entry=Queue)

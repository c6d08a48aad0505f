"""The catalogue of queues, and the limit of the installation: read when a service starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue, ValidationError

from polyflow_shared.errors import InvariantError
from polyflow_shared.language import document, fields
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Nearest, problems
from polyflow_shared.language.models.base import Integer, Model, Words, broken_rule
from polyflow_topics.admission import DEFAULT


class QueuesError(InvariantError):
    """The catalogue cannot be used; the text says all that is wrong with it, by file, line and column."""


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
    kueue: str | None = None
    """The local queue of Kueue that its pods are labelled with."""
    projects: Words | None = None
    """The projects that may use it; all where absent."""


class QueuesFile(Model):
    """The file."""

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
    """Return the catalogue in a file, if there is one, with the limit of the installation; may block.

    Raises:
        QueuesError: it cannot be read, or something is wrong with it.
    """
    if path is None:
        return Queues(operations=operations)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise QueuesError(f"queues: {path}: {(error.strerror or str(error)).lower()}") from error
    return Queues(read(text, str(path)), operations)


def read(text: bytes | str, file: str) -> Mapping[str, Queue]:
    """Return the queues that a text says.

    Args:
        text: YAML or JSON.
        file: what to call it.

    Raises:
        QueuesError: something is wrong with it.
    """
    found = document.read(text)
    queues, findings = _queues(found.value) if found.value is not None else ({}, [])
    wrong = problems([*found.findings, *findings], locate=found.locate, file=file, spelling=found.spelling)
    if wrong:
        raise QueuesError("\n".join(f"{one.file}:{one.line}:{one.column}: {one.message}" for one in wrong))
    return queues


def _queues(value: JsonValue) -> tuple[Mapping[str, Queue], list[Finding]]:
    try:
        listed = QueuesFile.model_validate(value, by_alias=True, by_name=False).queues
    except ValidationError as error:
        return {}, [*fields.findings(value, error.errors(include_url=False))]
    by_name = {one.name: one for one in listed}
    findings = [
        Finding(Code.DUPLICATE_NAME, f"there is another queue `{one.name}`", ("queues", index, "name"))
        for index, one in enumerate(listed)
        if by_name[one.name] is not one
    ]
    return by_name, findings

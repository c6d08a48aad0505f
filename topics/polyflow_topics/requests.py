"""The public requests: what a user, or a program of any language, publishes."""

from typing import ClassVar

from pydantic import Field, JsonValue

from polyflow_topics.events import Problem
from polyflow_topics.message import Frozen, Message, Values
from polyflow_topics.names import OperationName
from polyflow_topics.operating import RunRequest
from polyflow_topics.origins import Lineage


class SpecificationFile(Frozen):
    """A further text that belongs to a request."""

    name: str
    """What users call it; an option of a command line, such as `-HP`, is called by its name."""
    text: str
    """YAML or JSON."""

    @property
    def is_option(self) -> bool:
        """Whether a program has made the text, so that places in it say nothing to a user."""
        return self.name.startswith("-")


class ReferenceSent(Frozen):
    """What a reference in a request's texts leads to."""

    name: str
    """The field and the name: `pathRef train.yaml`, `hubRef train:latest`."""
    text: str = ""
    """YAML or JSON; empty where there is a problem."""
    problem: Problem | None = None
    """Why the sender could not read it."""


class RequestPipeline(Message):
    """Request: run this pipeline once.  Safe to send twice under the same CloudEvents source and id."""

    WIRE: ClassVar[str] = "polyflow.pipeline.request.v1"

    specification: JsonValue
    """The specification: an object, or its YAML or JSON text."""
    name: str | None = None
    """What the run is called; the specification's own name where absent."""
    project: str = "default"
    owner: str = "default"
    tags: tuple[str, ...] = ()
    """Words to find the run by, beside those of the specification."""
    params: Values = Field(default_factory=dict)
    """Values for the inputs of the specification, by name."""
    presets: tuple[str, ...] = ()
    """Names of saved presets, applied in this order."""
    file: str = ""
    """What the user calls the specification's file; paths in it are relative to it."""
    overlays: tuple[SpecificationFile, ...] = ()
    """Specifications that are laid over it, in this order."""
    references: tuple[ReferenceSent, ...] = ()
    """What it refers to and only the sender can read: files, and components of hubs of its own."""
    origin: Lineage | None = None
    """The run that it comes from; `resume` makes no new run."""
    upload: bool = False
    """Whether nothing starts before the sender has brought files and said so: `operating.UploadPipeline`."""
    verbatim: tuple[str, ...] = ()
    """Names of `contextOnly` params at its top whose values are no templates, though they may look so."""
    request: str = ""
    """Filled by the reader from the CloudEvents id; what the sender writes here is ignored."""

    def key(self) -> str:
        """Return the request's id; the run's id is derived from it."""
        return self.request

    def identity(self) -> str:
        """Return the id that the client chose."""
        return self.request


class StopPipeline(RunRequest):
    """Request: end this run, or one operation; what is going on is stopped.

    Safe to send twice, and before the run exists.
    """

    WIRE: ClassVar[str] = "polyflow.pipeline.stop.v1"

    operation: OperationName = OperationName("")
    """Scoped, of a DAG all that is in it; empty for the run."""
    reason: str = "Stopped"
    """A word in CamelCase, at most 64 letters and digits.  Any other text is told in front of the message,
    and the reason is `Stopped`."""
    message: str = ""

    def identity(self) -> str:
        """Return an id: the sender's, or one for all that give the same reason."""
        of = f"/{self.operation}" if self.operation else ""
        return self.request or f"{self.run}{of}/stop/{self.reason}"

"""A pipeline request, before it is an event."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from polyflow.requests.ids import new_id
from polyflow.requests.uploads import Upload
from polyflow_shared.references.fetching import Places
from polyflow_topics.names import RunId, run_id

SOURCE: Final = "/polyflow/user"
"""The CloudEvents source of requests that the command line and the client make."""


@dataclass(frozen=True)
class Request:
    """What is published: the CloudEvent's id, source and data."""

    id: str
    source: str
    body: bytes
    """JSON."""
    resumed: RunId | None = None
    """The run that it lets go on."""

    @property
    def run(self) -> RunId:
        """The run that it makes, or lets go on."""
        return self.resumed or run_id(self.source, self.id)

    @property
    def digest(self) -> str:
        """SHA-256 of the body, in hex: what events call `specification`."""
        return sha256(self.body).hexdigest()


@dataclass(frozen=True)
class Order:
    """What a user wants to be run."""

    specification: Any
    """Text, or an object."""
    workdir: Path
    """Where operations start whose container does not say."""
    about: Mapping[str, Any]
    """Name, project, owner, tags, params, presets, and what goes with the specification."""
    request_id: str | None = None
    places: Places = field(default_factory=Places)
    """Where references are looked for that are not sent with it."""
    resumed: RunId | None = None
    """The run that is to go on; a new one if not given."""
    engine: RunId | None = None
    """The run in whose engine it goes on; its own if not given."""
    stop: tuple[str, str] | None = None
    """Reason and message of a stop that it begins with."""
    uploads: tuple[Upload, ...] = ()
    """Files that are brought to the run before anything of it starts."""

    def request(self) -> Request:
        """Return the request, with a new id where none was chosen."""
        held = {"upload": True} if self.uploads else {}
        body = json.dumps({"specification": self.specification, **self.about, **held}).encode()
        return Request(self.request_id or new_id(), SOURCE, body, self.resumed)

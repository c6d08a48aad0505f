"""A pipeline request, before it is an event."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from polyflow.requests.ids import new_id
from polyflow.requests.uploads import Upload
from polyflow_shared.language.findings import Path as Place
from polyflow_shared.language.findings import path_text
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
        """Return the request, with a new id where none was chosen.

        Raises:
            TypeError, ValueError: see `as_json`.
        """
        held = {"upload": True} if self.uploads else {}
        body = as_json({"specification": self.specification, **self.about, **held}).encode()
        return Request(self.request_id or new_id(), SOURCE, body, self.resumed)


def as_json(value: Any) -> str:
    """Return a value as JSON.

    Raises:
        TypeError: there is something in it that JSON does not have; the message says where.
        ValueError: there is a number in it that is infinite or none: read back, it would be a text.
    """
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        found = next(_not_json(value, ()), None)
        if found is None:  # such as a list that is in itself
            raise
        path, what = found
        raise type(error)(f"`{path_text(path)}`: {what} cannot be carried by JSON") from error


def _not_json(value: Any, path: Place) -> Iterator[tuple[Place, str]]:
    """Yield the places of what JSON does not have, and what is there."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not (key is None or isinstance(key, str | int)):
                yield path, f"a key that is a {type(key).__name__}"
            yield from _not_json(inner, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _not_json(inner, (*path, number))
    elif what := _no_scalar(value):
        yield path, what


def _no_scalar(value: Any) -> str:
    """Return what a value is that is none of JSON, numbers as YAML has them; nothing for any other."""
    if isinstance(value, float):
        return "" if math.isfinite(value) else f".{value}".replace(".-", "-.")
    return "" if value is None or isinstance(value, str | int) else f"a {type(value).__name__}"

"""What params are filled from, and what comes of it."""

from dataclasses import dataclass

import msgspec

from polyflow_topics.message import Values
from polyflow_topics.plan import Container
from polyflow_topics.pods import PodParts
from polyflow_topics.status import Status


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a param's value comes from: an operation, how it stands, and what is read of it, if there is any.

    Attributes:
        name: the operation's.
        status: how it stands.
        outputs: its outputs, or what else the source is of: inputs, globals.
    """

    name: str
    status: Status
    outputs: Values | None


class Filled(msgspec.Struct, frozen=True):
    """What an operation is launched with."""

    container: Container
    params: Values
    parts: PodParts | None = None

"""The ways in which operations end and scopes are closed."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from polyflow_topics.message import Values
from polyflow_topics.status import Status


class End(msgspec.Struct, frozen=True):
    """How an operation ends."""

    status: Status
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    outputs: Values | None = None
    params: Values | None = None
    """Resolved, of one that ends without having been launched."""
    ran: tuple[datetime, datetime] | None = None
    """From when to when, where that was in an earlier run, or another operation whose result it has."""


@dataclass(frozen=True, slots=True)
class Closing:
    """Why a scope closes, and what becomes of it and of what has not started."""

    reason: str
    message: str = ""
    ends: Status = Status.STOPPED
    rest: Status = Status.STOPPED

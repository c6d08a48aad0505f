"""What a decider's core returns, and what it is: a pure function of rows, message and time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from polyflow_shared.deciding.rows import Row, Rows
from polyflow_shared.errors import NotReadError
from polyflow_topics.message import Message

Handler = TypeVar("Handler")


class Decision(msgspec.Struct, frozen=True):
    """What changes because of one message.

    Attributes:
        writes: changed rows only; None removes.  A `TimerRow` among them is a timer.
        messages: what to send, in order.
    """

    writes: Mapping[str, Row | None] = msgspec.field(default_factory=dict)
    messages: Sequence[Message] = ()


Decide = Callable[[Rows[Any], Message, datetime], Decision]
"""Return what changes because of a message, which the log dates so.

An event seen before, or of an old attempt, changes nothing: a broker may deliver twice.
"""


def handler_of(handlers: Mapping[type[Message], Handler], message: Message, reader: str) -> Handler:
    """Return who takes in a message.

    Args:
        handlers: by what a service reads.
        message: what it hears.
        reader: what the service is called, as the end of a sentence.

    Raises:
        NotReadError: the message is of another kind.
    """
    handler = handlers.get(type(message))
    if handler is None:
        raise NotReadError(f"{message.WIRE} is not for {reader}")
    return handler

"""What a decider's core returns, and what it is: a pure function of rows, message and time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from polyflow_shared.rows import Row, Rows
from polyflow_topics.message import Message


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

"""What a request to the gateway says, and the words in which it is refused.  Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from polyflow_shared.stated.measurements import MeasurementInvalidError, read_measurement
from polyflow_shared.stated.outputs import OutputsInvalidError, read_outputs
from polyflow_shared.stated.tokens import Attempt, operation_of
from polyflow_topics.inbox import OutputsLogged
from polyflow_topics.metrics import MetricsLogged
from polyflow_topics.names import OperationName, RunId

MAX_METRICS_BYTES: Final = 256 * 1024
"""Of one request."""
MAX_LINES: Final = 1000
"""Measurements in one request."""
_MAX_COUNT: Final = 2**53


class RefusedError(Exception):
    """A request that is refused.

    Attributes:
        status: of HTTP.
        reason: a word in CamelCase.
        wait: seconds after which it may be sent again; none where that would not help.
    """

    def __init__(self, status: int, reason: str, message: str, wait: float | None = None) -> None:
        """Say why, and in the message what to do."""
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: an attempt that has proved that it is the one."""

    attempt: Attempt
    operation: OperationName


def attempt_at(run: str, index: str, attempt: str) -> Attempt:
    """Return the attempt that a path names.

    Raises:
        RefusedError: there can be no such attempt.
    """
    numbers = index, attempt
    if not all(text.isascii() and text.isdecimal() and len(text) < 16 for text in numbers):
        raise RefusedError(
            404, "NotFound", "operation and attempt are numbers: send to the address in $POLYFLOW_GATEWAY"
        )
    return Attempt(RunId(run), int(index), int(attempt))


def sender(attempt: Attempt, authorization: str, key: bytes) -> Sender:
    """Return who sends, by the header `Authorization`.

    Raises:
        RefusedError: there is no token, or it is not that of this attempt.
    """
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise RefusedError(
            401, "TokenMissing", "send the header `Authorization: Bearer $POLYFLOW_TOKEN` with each request"
        )
    operation = operation_of(token.strip(), attempt, key)
    if operation is None:
        raise RefusedError(
            401,
            "TokenInvalid",
            "the token is not of this attempt: use $POLYFLOW_TOKEN and $POLYFLOW_GATEWAY of the same pod",
        )
    return Sender(attempt, operation)


def outputs_in(who: Sender, body: bytes, number: str | None, at: datetime) -> OutputsLogged:
    """Return what a request states as outputs.

    Args:
        who: sends it.
        body: a JSON object, of at most `MAX_OUTPUT_BYTES`.
        number: of the statement, from 1, each with all outputs so far; none where they are not counted.
        at: now.

    Raises:
        RefusedError: it is no JSON object, or `number` is none.
    """
    try:
        outputs = read_outputs(body)
    except OutputsInvalidError as error:
        raise RefusedError(422, "OutputsInvalid", str(error)) from error
    return OutputsLogged(
        run=who.attempt.run,
        index=who.attempt.index,
        attempt=who.attempt.attempt,
        number=_count("number", number or "0"),
        outputs=outputs,
        at=at,
    )


def metrics_in(who: Sender, body: bytes, first: str | None, at: datetime) -> Sequence[MetricsLogged]:
    """Return the measurements in a request.

    Args:
        who: sends it.
        body: lines, each a JSON object with `values` and perhaps `step` and `at`; empty ones count as lines.
        first: the number of the first line within the attempt, from 0: tells a repetition from a second one.
        at: when lines were measured that do not say it.

    Raises:
        RefusedError: there are too many, one is no measurement, or the number of the first is missing.
    """
    if first is None:
        raise RefusedError(
            422, "FirstMissing", "add `?first=N`: the number of the first line within the attempt, from 0"
        )
    number = _count("first", first)
    lines = body.splitlines()
    if len(lines) > MAX_LINES:
        raise too_large("metrics", MAX_LINES, "send fewer lines in one request", unit="lines")
    return [_measured(who, line, number + place, at) for place, line in enumerate(lines) if line.strip()]


def too_large(what: str, limit: int, remedy: str, unit: str = "bytes") -> RefusedError:
    """Return the refusal of a request that is too large."""
    return RefusedError(413, "TooLarge", f"the {what} have more than {limit} {unit}: {remedy}")


def _measured(who: Sender, line: bytes, number: int, at: datetime) -> MetricsLogged:
    try:
        measured = read_measurement(line)
    except MeasurementInvalidError as error:
        raise RefusedError(
            422,
            "MetricsInvalid",
            f"line {number} is no measurement ({error}): write lines such as "
            '{"values": {"loss": 0.5}, "step": 3, "at": 1767225600.25}',
        ) from error
    return MetricsLogged(
        run=who.attempt.run,
        operation=who.operation,
        attempt=who.attempt.attempt,
        line=number,
        step=measured.step,
        values=measured.values,
        at=measured.at or at,
    )


def _count(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 17 and int(text) < _MAX_COUNT):
        raise RefusedError(422, f"{name.title()}Invalid", f"`{name}` is a whole number, and not {text!r}")
    return int(text)

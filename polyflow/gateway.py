"""Requests from an operation's own code to the gateway; standard library only, for users' containers."""

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

ANSWER_WITHIN = 15.0
"""Seconds until a gateway that does not answer is asked again."""
FIRST_WAIT = 0.2
"""Seconds before a request is sent again for the first time; doubles each time."""
LONGEST_WAIT = 10.0
AGAIN = frozenset({408, 425, 429})
"""Answers below 500 after which trying again may help: too slow, too early, too many."""
_SAID_BYTES = 4096


class NotDeliveredError(RuntimeError):
    """The gateway does not have what was sent."""


class NotNowError(NotDeliveredError):
    """The gateway cannot be reached, or is too busy.

    Attributes:
        wait: seconds that it asks for.
    """

    def __init__(self, message: str, wait: float = 0.0) -> None:
        """Say why."""
        super().__init__(message)
        self.wait = wait


def _direct() -> OpenerDirector:
    # What an installation has for the way out must not carry what stays inside of it.
    return build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Gateway:
    """Where one attempt sends to.

    Attributes:
        url: the attempt's own address.
        token: proves that it is this attempt.
        opener: makes the requests.
    """

    url: str
    token: str
    opener: OpenerDirector = field(default_factory=_direct)

    def post(self, path: str, body: bytes) -> None:
        """Send once; return when the broker has it.

        Raises:
            NotNowError: trying again may help.
            NotDeliveredError: it does not take this.
        """
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = Request(f"{self.url}{path}", data=body, headers=headers, method="POST")
        try:
            with self.opener.open(request, timeout=ANSWER_WITHIN) as response:
                response.read()
        except HTTPError as error:
            with error:
                raise _refused(error) from error
        except (OSError, HTTPException) as error:
            raise NotNowError(f"the gateway cannot be reached: {error}") from error


def pause(failures: int, wait: float, *, first: float = FIRST_WAIT) -> float:
    """Return the seconds to wait after so many failures in a row (>= 1), at least what was asked for.

    After the first failure they are about `first`; they double each time.

    Source of the jitter: "equal jitter", M. Brooker, Exponential Backoff and Jitter, AWS 2015.
    """
    whole = min(LONGEST_WAIT, first * 2.0 ** min(failures - 1, 62))
    return max(min(wait, LONGEST_WAIT), whole * random.uniform(0.5, 1.0))


def deliver(
    send: Callable[[], None],
    patience: float,
    *,
    first: float = FIRST_WAIT,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Send until it is delivered.

    Args:
        send: sends once.
        patience: seconds after which it is given up (>= 0); it is tried once in any case.
        first: seconds before it is tried again for the first time.
        clock: tells seconds.
        sleep: waits for seconds.

    Raises:
        NotDeliveredError: it was not taken, or not in this time.
    """
    end, failures = clock() + patience, 0
    while True:
        try:
            return send()
        except NotNowError as error:
            failures += 1
            seconds = pause(failures, error.wait, first=first)
            if clock() + seconds > end:
                raise
            sleep(seconds)


def _refused(error: HTTPError) -> NotDeliveredError:
    message = f"the gateway answers {error.code}: {_said(error)}"
    if error.code < 500 and error.code not in AGAIN:
        return NotDeliveredError(message)
    wait = error.headers.get("Retry-After", "")
    return NotNowError(message, float(wait) if wait.isdecimal() else 0.0)


def _said(error: HTTPError) -> str:
    try:
        said: Any = json.loads(error.read(_SAID_BYTES))["error"]["message"]
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return str(error.reason)
    return str(said)

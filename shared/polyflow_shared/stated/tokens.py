"""The token by which an attempt of an operation proves to the gateway which one it is.  Pure.

It is the operation's name and an HMAC over run, operation and attempt: nothing has to be stored, and nobody
without the installation's key can make one.  It does not expire: after the attempt's end outputs
are ignored, and metrics still taken.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from polyflow_topics.names import OperationName, RunId
from polyflow_topics.pods import MOUNT

KEY_BYTES: Final = 32
"""The shortest key."""
GATEWAY: Final = "POLYFLOW_GATEWAY"
"""The variable with the address that an attempt sends its outputs and metrics to."""
TOKEN: Final = "POLYFLOW_TOKEN"
TRACKING: Final = "POLYFLOW_TRACKING_PATH"
"""The variable with the folder in which the processes of a pod count together what they have sent."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which attempt of which operation."""

    run: RunId
    index: int
    attempt: int

    @property
    def path(self) -> str:
        """Where it is found at a gateway."""
        return f"/v1/runs/{self.run}/operations/{self.index}/attempts/{self.attempt}"


@dataclass(frozen=True, slots=True)
class Gateway:
    """The gateway as pods are told of it."""

    url: str
    """Its address, without a path."""
    key: bytes
    """The installation's, at least 32 bytes."""


def token_of(attempt: Attempt, operation: OperationName, key: bytes) -> str:
    """Return the token of an attempt.

    Args:
        attempt: whose it is.
        operation: its operation's name, which whoever holds the key reads from the token.
        key: the installation's, at least 32 bytes.

    Raises:
        ValueError: the key is too short.
    """
    name = operation.encode()
    return f"{_text(name)}.{_text(_mac(attempt, name, key))}"


def operation_of(token: str, attempt: Attempt, key: bytes) -> OperationName | None:
    """Return the name of the operation whose attempt this is the token of; None if it is not its token.

    Raises:
        ValueError: the key is too short.
    """
    name, _, proof = token.partition(".")
    try:
        plain, given = _bytes(name), _bytes(proof)
        told = plain.decode()
    except ValueError:
        return None
    return OperationName(told) if hmac.compare_digest(given, _mac(attempt, plain, key)) else None


def variables_of(attempt: Attempt, operation: OperationName, gateway: Gateway) -> Mapping[str, str]:
    """Return the variables by which the containers of an attempt reach the gateway.

    Args:
        attempt: whose they are.
        operation: its operation's name.
        gateway: as pods reach it.

    Raises:
        ValueError: the key is too short.
    """
    return {
        GATEWAY: f"{gateway.url.rstrip('/')}{attempt.path}",
        TOKEN: token_of(attempt, operation, gateway.key),
        TRACKING: f"{MOUNT}/.tracking",
    }


def _mac(attempt: Attempt, operation: bytes, key: bytes) -> bytes:
    if len(key) < KEY_BYTES:
        raise ValueError(f"the key has {len(key)} bytes, and {KEY_BYTES} is the least")
    # The name goes last: it is the only part that may hold a line's end.
    said = f"polyflow-token-1\n{attempt.run}\n{attempt.index}\n{attempt.attempt}\n".encode() + operation
    return hmac.digest(key, said, "sha256")


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))

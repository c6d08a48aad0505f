"""What the verifier reads: a log of messages and a log of pods, each also as a file of JSON lines."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from polyflow.events.recording import LoggedMessage, Place, logged, read_messages, text_of

__all__ = [
    "LoggedMessage",
    "Place",
    "PodLife",
    "logged",
    "read_messages",
    "read_pods",
    "write_messages",
    "write_pods",
]


class PodLife(msgspec.Struct, frozen=True):
    """One pod object, from its creation to its removal; all times in seconds since 1970."""

    run: str
    index: int
    attempt: int
    created: float
    ended: float | None = None
    """When its last container ended; None if that is not known, or it still runs."""
    deleted: float | None = None
    """When the object was gone, or was let go of because its end was saved."""
    asked: float | None = None
    """When its removal was asked for and granted; its containers may live on."""

    @property
    def gone(self) -> float | None:
        """Return when it held no container any more for certain, or None."""
        return self.deleted if self.ended is None else self.ended


def write_messages(path: Path, messages: Iterable[LoggedMessage]) -> None:
    """Write messages, one a line, as `polyflow record` does."""
    path.write_text("".join(f"{text_of(message)}\n" for message in messages))


def read_pods(path: Path) -> list[PodLife]:
    """Return the pods of a file.

    Raises:
        msgspec.DecodeError: a line is not JSON, or no pod.
    """
    return [msgspec.convert(fields, PodLife) for fields in _lines(path)]


def write_pods(path: Path, pods: Iterable[PodLife]) -> None:
    """Write pods, one a line."""
    path.write_bytes(b"".join(msgspec.json.encode(pod) + b"\n" for pod in pods))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().splitlines():
        if line.strip():
            yield msgspec.json.decode(line)

"""Make a failing input small: leave out lines, then characters, as long as it fails in the same way."""

import time
from collections.abc import Callable


def smaller(text: bytes, fails: Callable[[bytes], bool], *, seconds: float) -> bytes:
    """Return a part of `text` that still fails; the smallest found in time.

    Source: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002), ddmin.
    """
    deadline = time.monotonic() + seconds
    for separator in (b"\n", b" ", b""):
        text = _without_parts(text, separator, fails, deadline)
    return text


def _without_parts(text: bytes, separator: bytes, fails: Callable[[bytes], bool], deadline: float) -> bytes:
    parts = text.split(separator) if separator else [text[n : n + 1] for n in range(len(text))]
    size = max(1, len(parts) // 2)
    while size and time.monotonic() < deadline:
        rest, left = _pass(parts, size, lambda some: fails(separator.join(some)), deadline)
        size = size if left and size > 1 else size // 2
        size = 1 if left and not size else size
        parts = rest
    return separator.join(parts)


def _pass(
    parts: list[bytes], size: int, fails: Callable[[list[bytes]], bool], deadline: float
) -> tuple[list[bytes], bool]:
    """Leave out each run of `size` parts that can go; return what is left, and whether any went."""
    at, went = 0, False
    while at < len(parts) and time.monotonic() < deadline:
        shorter = parts[:at] + parts[at + size :]
        if shorter and fails(shorter):
            parts, went = shorter, True
        else:
            at += size
    return parts, went

"""Colours, where there is a terminal that shows them, and text that is safe to show on one."""

import os
from collections.abc import Callable, Mapping
from typing import Any, Final, TextIO

import click

Paint = Callable[[str, str], str]
"""Return a text as it looks in a role; the roles are the keys of `STYLES`."""

STYLES: Final[Mapping[str, dict[str, Any]]] = {
    "place": {"bold": True},
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "note": {"fg": "cyan", "bold": True},
    "hint": {"fg": "green"},
    "margin": {"dim": True},
}


def painter(stream: TextIO) -> Paint:
    """Return how to colour what goes to a stream: not at all unless it is a terminal that shows colours.

    `NO_COLOR` in the environment turns them off.  Source: no-color.org.
    """
    plain_wanted = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return plain if plain_wanted or not stream.isatty() else coloured


def plain(text: str, _role: str) -> str:
    """Return a text without colour."""
    return text


def coloured(text: str, role: str) -> str:
    """Return a text with the colours of its role."""
    return click.style(text, **STYLES[role])


def printable(text: str) -> str:
    """Return a text in which nothing steers a terminal: what cannot be printed is written as an escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


def cells(text: str) -> int:
    """Return how many columns of a terminal a printable text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width  # noqa: PLC0415 - most texts do without

    return sum(0 if combining(char) else 1 + (east_asian_width(char) in "WF") for char in text)

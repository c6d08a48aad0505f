"""What several commands take."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from polyflow.history import History
from polyflow_shared.home import home

F = TypeVar("F", bound=Callable[..., Any])


class _Word(click.ParamType):
    """Text that can be printed, and is not empty."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text.

        Raises:
            click.BadParameter: it is empty, or has characters that cannot be printed.
        """
        if not value or not value.isprintable():
            self.fail(f"{value!r} is empty or cannot be printed", param, ctx)
        return str(value)


WORD = _Word()
"""What names and ids may be."""


def run_argument(command: F) -> F:
    """Add the argument RUN: an id, the beginning of one, or `latest`."""
    return click.argument("run", metavar="RUN")(command)


def format_option(command: F) -> F:
    """Add `--format`."""
    return click.option(
        "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print it."
    )(command)


def kafka_option(command: F) -> F:
    """Add `--kafka`."""
    return click.option(
        "--kafka",
        metavar="HOST:PORT",
        envvar="POLYFLOW_KAFKA",
        help="Use the services on this Apache Kafka broker instead of this machine.",
    )(command)


@contextmanager
def history() -> Iterator[History]:
    """Open this user's history."""
    found = History.open(home(os.environ))
    try:
        yield found
    finally:
        found.close()

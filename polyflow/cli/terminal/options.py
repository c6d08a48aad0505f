"""What several commands take."""

import json
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from polyflow.history import History
from polyflow.requests.uploads import NotUploadedError, Upload, side_by_side, upload_of
from polyflow_shared.machine.home import home, hubs_of

if TYPE_CHECKING:
    from polyflow.running.kafka import KafkaRuns

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


class _Upload(click.ParamType):
    """A file or folder, and where the run finds it."""

    name = "PATH[:TARGET]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Upload:
        """Return what is to be uploaded.

        Raises:
            click.BadParameter: there is no such file, or it has no place among the run's artifacts.
        """
        try:
            return upload_of(str(value))
        except NotUploadedError as error:
            self.fail(str(error), param, ctx)


UPLOAD = _Upload()
"""What is brought to a run."""


def uploads_together(
    context: click.Context, param: click.Parameter, given: tuple[Upload, ...]
) -> tuple[Upload, ...]:
    """Return what is brought to a run, all of which has a place there.

    Raises:
        click.BadParameter: one would take the place of another one.
    """
    try:
        return side_by_side(given)
    except NotUploadedError as error:
        raise click.BadParameter(str(error), context, param) from error


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


@asynccontextmanager
async def services(kafka: str | None) -> AsyncIterator["KafkaRuns | None"]:
    """Yield the services behind the broker that `--kafka` names; None where this machine is meant."""
    if not kafka:
        yield None
        return
    from polyflow.running.kafka import runs_on  # noqa: PLC0415 -- Kafka's client takes 90 ms to import

    async with runs_on(kafka) as runs:
        yield runs


def param_option(command: F) -> F:
    """Add `-P NAME=VALUE`, which `given_params` reads."""
    return click.option(
        "-P", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A value for an input."
    )(command)


def given_params(pairs: Iterable[str]) -> dict[str, Any]:
    """Return values by name.

    Raises:
        click.BadParameter: one is not of the form NAME=VALUE.
    """
    return {name: _value(text) for name, text in map(_pair, pairs)}


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise click.BadParameter(f"{text!r} is not of the form NAME=VALUE", param_hint="-P")
    return name, value


def _value(text: str) -> Any:
    """Return a JSON list, object or string; anything else is text, which the type of the input reads."""
    if not text.startswith(("[", "{", '"')):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def layer_options(command: F) -> F:
    """Add `-f FILE`, `--presets`, `-HP` and their like, which `layers.overlays` reads."""
    for option in reversed(_LAYER_OPTIONS):
        command = option(command)
    return command


_LAYER_OPTIONS: Final = (
    click.option(
        "-f", "--file", "files", multiple=True, metavar="FILE",
        type=click.Path(path_type=Path, dir_okay=False),
        help="A file that is laid over the specification, such as a preset; may be given several times.",
    ),
    click.option("--presets", "saved", metavar="NAME,…", help="Saved presets that are laid over it."),
    click.option(
        "-HP", "--hparam", "hparams", multiple=True, metavar="NAME=KIND:VALUE",
        help="A param of the matrix, such as lr=choice:[0.1,0.2] or lr=linspace:0:1:5.",
    ),
    click.option("--matrix-kind", metavar="KIND", help="The matrix's kind; grid if not given."),
    click.option("--matrix-concurrency", type=click.IntRange(min=1), help="Trials at once."),
    click.option("--matrix-num-runs", type=click.IntRange(min=1), help="Trials in all."),
    click.option("--strict-params", is_flag=True, help="Refuse all params that nothing is declared for."),
)  # fmt: skip


def hub_option(command: F) -> F:
    """Add `--hub DIR|URL`, which may be given several times."""
    return click.option(
        "--hub", "hubs", multiple=True, metavar="DIR|URL", callback=_hubs, type=WORD,
        help="Where components are looked up; may be given several times. [default: $POLYFLOW_HUB]",
    )(command)  # fmt: skip


def root_option(command: F) -> F:
    """Add `--root DIR`, which may be given several times."""
    return click.option(
        "--root", "roots", multiple=True, type=click.Path(path_type=Path, exists=True, file_okay=False),
        help="A further folder whose files may be referred to, beside the file's own and this one.",
    )(command)  # fmt: skip


def upload_option(command: F) -> F:
    """Add `-u PATH[:TARGET]`, which may be given several times."""
    return click.option(
        "-u", "--upload", "uploads", multiple=True, type=UPLOAD, callback=uploads_together,
        help="A file or folder that the run finds in $POLYFLOW_ARTIFACTS_PATH; may be given several times.",
    )(command)  # fmt: skip


def online_option(command: F) -> F:
    """Add `--online`."""
    return click.option(
        "--online", is_flag=True,
        help="Fetch what `urlRef` refers to; at private addresses only from $POLYFLOW_PRIVATE_HOSTS.",
    )(command)  # fmt: skip


def _hubs(_context: click.Context, _param: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """Return the hubs that are given, or those of the environment, or this user's own."""
    return given or hubs_of(os.environ)


@contextmanager
def history() -> Iterator[History]:
    """Open this user's history."""
    found = History.open(home(os.environ))
    try:
        yield found
    finally:
        found.close()

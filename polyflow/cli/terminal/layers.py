"""What a command line lays over a specification: files, saved presets, params of a matrix, and switches."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from polyflow.cli.terminal.options import given_params
from polyflow.specifications.collecting import Options, layer, overlay_of
from polyflow_shared.machine.home import home, private_hosts_of
from polyflow_topics.requests import SpecificationFile


def checking_options(
    params: Sequence[str], hubs: Sequence[str], roots: Sequence[Path], online: bool, **layers: Any
) -> Options:
    """Return what a specification is checked with, as the command line says it.

    Raises:
        NotReadableError: a file that is laid over it cannot be read.
        click.BadParameter: a value is not of its form.
    """
    return Options(
        params=given_params(params),
        overlays=overlays(**layers),
        hubs=hubs,
        presets=[home(os.environ).presets],
        private_hosts=private_hosts_of(os.environ),
        roots=roots,
        online=online,
    )


def overlays(
    files: Sequence[Path], saved: str | None, hparams: Sequence[str], *, strict_params: bool, **matrix: Any
) -> list[SpecificationFile]:
    """Return what is laid over a specification, in its order: files, the matrix, switches, saved presets.

    Args:
        files: further files.
        saved: names of saved presets, with commas.
        hparams: params of a matrix, each `NAME=KIND:VALUE`.
        strict_params: whether params need a declaration.
        matrix: `matrix_kind`, `matrix_concurrency`, `matrix_num_runs`.

    Raises:
        NotReadableError: a file cannot be read.
        click.BadParameter: a param is not of that form.
    """
    found = [overlay_of(path) for path in files]
    if any((hparams, *matrix.values())):
        found.append(layer("-HP", {"matrix": _matrix(hparams, **matrix)}))
    if strict_params:
        found.append(layer("--strict-params", {"strictParams": True}))
    if saved:
        found.append(layer("--presets", {"presets": saved}))
    return found


def _matrix(
    hparams: Sequence[str],
    *,
    matrix_kind: str | None,
    matrix_concurrency: int | None,
    matrix_num_runs: int | None,
) -> dict[str, Any]:
    fields = {
        "kind": matrix_kind or "grid",
        "params": dict(_params(hparams)) or None,
        "concurrency": matrix_concurrency,
        "numRuns": matrix_num_runs,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _params(hparams: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for text in hparams:
        name, sign, rest = text.partition("=")
        kind, colon, value = rest.partition(":")
        if not (name and sign and kind and colon and value):
            raise click.BadParameter(f"{text!r} is not of the form NAME=KIND:VALUE", param_hint="-HP")
        yield name, {"kind": kind, "value": _value(value)}


def _value(text: str) -> Any:
    if not text.startswith(("[", "{")) or text.startswith("{{"):  # a template is no JSON
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f'{text!r} is not JSON, in which texts are quoted, such as \'choice:["a","b"]\''
        if isinstance(error, json.JSONDecodeError):
            message += f"; it is wrong from character {error.pos + 1} on"
        raise click.BadParameter(message, param_hint="-HP") from error

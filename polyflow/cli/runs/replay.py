"""`polyflow record` and `polyflow replay`: a run's messages as a file, and today's planner on them."""

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from polyflow.cli.terminal.options import history, kafka_option, run_argument
from polyflow.cli.terminal.paint import printable
from polyflow.events.recording import LoggedMessage, of_journal, read_messages, text_of
from polyflow.events.replaying import Difference, Replay, Said, replay
from polyflow_shared.errors import PolyflowError
from polyflow_topics.events import RequestRejected
from polyflow_topics.names import RunId


class NothingRecordedError(PolyflowError):
    """There are no records of a run."""


@click.command()
@run_argument
@kafka_option
def record(run: str, kafka: str | None) -> None:
    """Print all records of a run, one JSON object a line, for `polyflow replay`.

    On Apache Kafka RUN is the whole id; records are there as long as the topics keep them, and commands to
    clusters are left out.
    """
    if kafka:
        from polyflow.running.kafka import recorded  # noqa: PLC0415

        _print(asyncio.run(recorded(kafka, RunId(run))), run)
        return
    with history() as found:
        meant = found.find(run)
        journal, engine = found.folder(meant).journal, found.engine(meant)
    if not journal.exists() and engine.journal.exists():
        raise NothingRecordedError(
            f"the run {meant} is a hook's; it is recorded with the run that it follows: "
            f"polyflow record {engine.path.name}"
        )
    if not journal.exists():
        raise NothingRecordedError(f"no engine on this machine has run {run}; on Kafka: --kafka HOST:PORT")
    _print(of_journal(journal), run)


def _print(messages: Iterable[LoggedMessage], run: str) -> None:
    nothing = True
    for message in messages:
        nothing = False
        click.echo(text_of(message))
    if nothing:
        raise NothingRecordedError(f"there are no records of the run {run}")


@click.command("replay")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def replay_file(file: Path) -> None:
    """Play the records of a run through today's planner, and show what it says otherwise.

    FILE is what `polyflow record` has written, from the first record of a run on.  Exit status 1 on a
    difference.
    """
    messages = read_messages(file)
    result = replay(messages)
    if not result.handled:
        raise NothingRecordedError(f"{file} has no records that the planner reads{_refused(messages)}")
    for line in lines(result):
        click.echo(line)
    sys.exit(1 if result.differences else 0)


def _refused(messages: Iterable[LoggedMessage]) -> str:
    if any(message.headers.get("ce_type") == RequestRejected.WIRE for message in messages):
        return ": the request was refused, and no run came of it"
    return ""


def lines(result: Replay) -> Iterator[str]:
    """Yield what a replay came to: a line for each difference, the first one in full."""
    for number, difference in enumerate(result.differences):
        yield _line(difference)
        if number == 0:
            yield from _in_full(difference)
    differ = len(result.differences)
    yield (
        f"{result.handled:,} records handled, {result.said:,} messages compared: "
        f"{differ:,} difference{'' if differ == 1 else 's'}"
    )


def _line(difference: Difference) -> str:
    said = difference.recorded or difference.today
    assert said is not None
    what = "said otherwise" if difference.recorded and difference.today else "not said today"
    if difference.recorded is None:
        what = "said today only"
    return f"{what}: {said.type} {said.id}{f'  ({difference.place})' if difference.place else ''}"


def _in_full(difference: Difference) -> Iterator[str]:
    for title, said in (("recorded", difference.recorded), ("today", difference.today)):
        yield f"  {title}: {_data(said)}"


def _data(said: Said | None) -> str:
    return "-" if said is None else printable(json.dumps(said.data, sort_keys=True, ensure_ascii=False))

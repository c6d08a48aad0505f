"""`polyflow events`: a run's public events."""

import asyncio
import json
from typing import Any

import click

from polyflow.cli.terminal.options import format_option, history, run_argument
from polyflow.cli.terminal.text import why
from polyflow.events.hooks import told_label
from polyflow_shared.read_model.views import StoredEvent
from polyflow_topics.hooks import HookRequested


@click.command()
@run_argument
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@format_option
def events(run: str, follow: bool, form: str) -> None:
    """Print a run's events: one line each, or with `--format json` one JSON object a line."""
    with history() as found:
        if follow:
            asyncio.run(_follow(run, form))
            return
        for event in found.events(found.find(run)):
            click.echo(_line(event, form))


async def _follow(run: str, form: str) -> None:
    from polyflow.running import following  # noqa: PLC0415
    from polyflow_shared.clock import SystemClock  # noqa: PLC0415

    with history() as found:
        async for event in following.events(found, found.find(run), SystemClock()):
            click.echo(_line(event, form))


def _line(event: StoredEvent, form: str) -> str:
    data = json.loads(event.body)
    if form == "json":
        return json.dumps({"sequence": event.sequence, "type": event.type, "data": data})
    what = data.get("operation") or "run"
    because = why(data.get("reason", ""), data.get("message", ""))
    status = _status(event.type, data) or event.type.split(".")[-2]
    return f"{event.sequence:>6}  {data['at']}  {what}  {status}  {because}".rstrip()


def _status(kind: str, data: dict[str, Any]) -> str:
    if data.get("pending"):
        return f"{data['status']} (pending {data['pending']})"
    if "hub" in data:
        became = "requested" if kind == HookRequested.WIRE else "skipped"
        return f"{data['status']}: hook {told_label(data)} {became}"
    if "accepted" in data:
        return f"{data['kind']} {'accepted' if data['accepted'] else 'refused'}"
    return str(data.get("status", ""))

"""How a notice is written: as a CloudEvent, as a message of Slack, as a letter.  Pure."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Final

from polyflow.notify.notice import Notice

JSON: Final = "application/json"
CLOUD_EVENT: Final = "application/cloudevents+json"
"""Content type of a CloudEvent in structured mode.  Source: CloudEvents 1.0.2, HTTP binding, 3.2."""
SOURCE: Final = "/polyflow/notify"
SECTION: Final = 3000
"""Characters of a section's text.  Source: Slack, reference of Block Kit, section."""
_SHOWN_OUTPUTS: Final = 20
_SHOWN_VALUE: Final = 200


def cloud_event(notice: Notice) -> bytes:
    """Return a notice as a CloudEvent in structured mode; every try has the same id."""
    subject = f"{notice.run}/{notice.operation}" if notice.operation else notice.run
    what = "operation" if notice.operation else "run"
    event = {
        "specversion": "1.0",
        "id": notice.id,
        "source": SOURCE,
        "type": f"polyflow.{what}.finished.v1",
        "subject": subject or None,
        "time": _moment(notice.finished),
        "datacontenttype": JSON,
        "data": _data(notice),
    }
    return json.dumps({name: value for name, value in event.items() if value is not None}).encode()


def _data(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.run,
        "name": notice.name,
        "operation": notice.operation or None,
        "kind": notice.kind,
        "project": notice.project,
        "owner": notice.owner,
        "status": notice.status,
        "reason": notice.reason,
        "message": notice.message,
        "created_at": _moment(notice.created),
        "started_at": _moment(notice.started),
        "finished_at": _moment(notice.finished),
        "wait_time": notice.wait,
        "duration": notice.duration,
        "outputs": dict(notice.outputs),
    }


def slack(notice: Notice) -> bytes:
    """Return a notice for an incoming webhook of Slack: blocks, and a text for where there are none."""
    title = _escaped(f"{notice.what}: {notice.status}")
    body = _escaped("\n".join(_lines(notice)))
    return json.dumps(
        {
            "text": _cut(f"{title}\n{body}", SECTION),
            "blocks": [
                {"type": "section", "text": {"type": "mrkdwn", "text": f"*{_cut(title, 500)}*"}},
                {"type": "section", "text": {"type": "mrkdwn", "text": _cut(body, SECTION)}},
            ],
        }
    ).encode()


def letter(notice: Notice, *, sender: str, recipients: Sequence[str]) -> EmailMessage:
    """Return a notice as an e-mail; every try has the same `Message-ID`."""
    made = EmailMessage()
    made["Subject"] = " ".join(f"[polyflow] {notice.what}: {notice.status}".split())
    made["From"] = sender
    made["To"] = ", ".join(recipients)
    if notice.finished is not None:
        made["Date"] = format_datetime(notice.finished)
    if notice.id:
        made["Message-ID"] = f"<{notice.id}@polyflow>"
    made.set_content("\n".join([f"{notice.what}: {notice.status}", "", *_lines(notice)]) + "\n")
    return made


def _lines(notice: Notice) -> Iterator[str]:
    because = ": ".join(part for part in (notice.reason, notice.message) if part)
    if because:
        yield because
    yield f"project {notice.project}, owner {notice.owner}"
    if notice.finished is not None:
        took = "" if notice.duration is None else f", after {notice.duration:.1f} s"
        yield f"finished at {_moment(notice.finished)}{took}"
    for name, value in [*notice.outputs.items()][:_SHOWN_OUTPUTS]:
        yield f"{name} = {_cut(_text(value), _SHOWN_VALUE)}"
    if len(notice.outputs) > _SHOWN_OUTPUTS:
        yield f"and {len(notice.outputs) - _SHOWN_OUTPUTS} more outputs"
    yield f"polyflow show {notice.run}"


def _text(value: object) -> str:
    """Return a value as JSON with the letters of all languages; half a surrogate pair is none of them."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _escaped(text: str) -> str:
    """Return a text without control sequences.  Source: Slack, formatting text for app surfaces, escaping."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"

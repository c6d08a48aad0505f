"""What is told: how a run, or an operation of one, has ended.  Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """How a run, or an operation of one, has ended; empty is what the notifier was not told.

    Attributes:
        id: of the notice: the run of the notifier, the same for every try to send it.
        run: the id of the run that has ended, or that the operation is of.
        name: the run's name.
        operation: the operation's scoped name; empty where it is about the run.
        kind: `job`, `service`, `dag` or `matrix`.
        project: the run's.
        owner: the run's.
        status: a final one.
        reason: a word in CamelCase.
        message: a sentence.
        finished: when it has ended.
        wait: seconds from the run's request to the beginning.
        duration: seconds from the beginning to the end.
        outputs: by their names.
    """

    id: str = ""
    run: str = ""
    name: str = ""
    operation: str = ""
    kind: str = ""
    project: str = ""
    owner: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    finished: datetime | None = None
    wait: float | None = None
    duration: float | None = None
    outputs: Mapping[str, Any]

    @property
    def started(self) -> datetime | None:
        """When it began."""
        return _before(self.finished, self.duration)

    @property
    def created(self) -> datetime | None:
        """When the run was requested."""
        return _before(self.started, self.wait)

    @property
    def what(self) -> str:
        """What has ended, in words."""
        name = self.name or self.run or "a run"
        return f"operation {self.operation} of run {name}" if self.operation else f"run {name}"


def notice_of(environment: Mapping[str, str]) -> Notice:
    """Return the notice that a notifier's variables tell: `NOTICE`, and those that every operation has."""
    told = _map(json.loads(environment.get("NOTICE", "{}")))
    condition = _map(told.get("condition"))
    at = condition.get("at")
    return Notice(
        id=environment.get("POLYFLOW_RUN", ""),
        run=_text(told.get("run")),
        name=_text(condition.get("run") or told.get("name")),
        operation=_text(condition.get("operation")),
        kind=_text(told.get("kind")),
        project=environment.get("POLYFLOW_PROJECT", ""),
        owner=environment.get("POLYFLOW_OWNER", ""),
        status=_text(told.get("status")),
        reason=_text(condition.get("reason")),
        message=_text(condition.get("message")),
        finished=datetime.fromisoformat(at) if isinstance(at, str) else None,
        wait=told.get("wait_time"),
        duration=told.get("duration"),
        outputs=_map(told.get("outputs")),
    )


def _before(moment: datetime | None, seconds: float | None) -> datetime | None:
    return None if moment is None or seconds is None else moment - timedelta(seconds=seconds)


def _map(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return "" if value is None else str(value)

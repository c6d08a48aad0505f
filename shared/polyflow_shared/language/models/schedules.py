"""When an operation is run again and again, or later."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator

from polyflow_shared.language.models.base import Integer, Model, Templated, broken_rule


def _seconds_or_duration(value: object) -> object:
    """Refuse a number in quotes: it may be meant as seconds or as text."""
    if isinstance(value, str) and value.strip().replace(".", "", 1).isdigit():
        raise broken_rule("seconds are written without quotes")
    return value


Duration = Annotated[
    timedelta, BeforeValidator(_seconds_or_duration, json_schema_input_type=int | float | str)
]
"""Seconds as a number, ISO 8601 (`PT2M`), `HH:MM:SS`, `1d`."""


class V1CronSchedule(Model):
    """Runs at the times that a cron expression says."""

    kind: Literal["cron"] = "cron"
    """Says what this is."""
    cron: str
    """Five fields, or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@quarterly`, `@yearly`."""
    start_at: Templated[datetime] | None = None
    """No run before this moment."""
    end_at: Templated[datetime] | None = None
    """No run after this moment."""
    max_runs: Templated[Integer] | None = None
    """Runs in all; absent means no limit."""
    depends_on_past: Templated[bool] | None = None
    """Whether a run waits until the one before has ended."""


class V1IntervalSchedule(Model):
    """Runs in equal intervals."""

    kind: Literal["interval"] = "interval"
    """Says what this is."""
    frequency: Templated[Duration]
    """Between two runs: seconds, `PT2M`, `HH:MM:SS`, `1d`."""
    start_at: Templated[datetime] | None = None
    """The moment of the first run."""
    end_at: Templated[datetime] | None = None
    """No run after this moment."""
    max_runs: Templated[Integer] | None = None
    """Runs in all; absent means no limit."""
    depends_on_past: Templated[bool] | None = None
    """Whether a run waits until the one before has ended."""


class V1DateTimeSchedule(Model):
    """Runs once, later."""

    kind: Literal["datetime"] = "datetime"
    """Says what this is."""
    start_at: Templated[datetime]
    """The moment of the run."""


V1Schedule = Annotated[V1CronSchedule | V1IntervalSchedule | V1DateTimeSchedule, Discriminator("kind")]
"""When an operation is run."""

"""What operations and runtimes can have that is read and can never work.

The language's reader accepts all of this; a run of it fails, hangs or does nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import (
    V1IO,
    V1Cache,
    V1CronSchedule,
    V1Dag,
    V1DateTimeSchedule,
    V1EventTrigger,
    V1Hook,
    V1IntervalSchedule,
    V1Join,
    V1Operation,
    V1Runtime,
    V1Schedule,
    V1Termination,
    known,
)
from polyflow_shared.language.sanity.matrix import matrix_doubts, out_of_range, policy_doubts
from polyflow_topics.status import FINAL

PRESETS: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}
"""Names of cron expressions."""
_FIELDS: Final = 5
"""Of a cron expression: minute, hour, day, month, day of the week."""
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
HOOK_STATUSES: Final = frozenset({*(status.value for status in FINAL), "done"})
"""Statuses that a hook can wait for."""
_SILENT: Final = frozenset({"run_status_created", "run_status_stopping"})
"""Changes of status that no event tells of: those that docs/runs.md does not list under "Events"."""
_DEFINITIONS: Final = (
    "run", "component", "hub_ref", "dag_ref", "path_ref", "url_ref", "container", "cmd", "ports",
)  # fmt: skip
"""Fields that say what an operation runs."""
_LAST_PORT: Final = 65_535
_VERSIONS: Final = frozenset({1.0, 1.1})
"""Of the language, as files name them."""


def doubts(operation: V1Operation, path: Path) -> Iterator[Finding]:
    """Yield what an operation or component has that can never work.

    Args:
        operation: one layer.
        path: where it stands.
    """
    for name in operation.model_fields_set & _CHECKS.keys():
        value = known(getattr(operation, name))
        if value is not None:
            yield from _CHECKS[name](value, (*path, name))
    if operation.inputs and operation.outputs:
        yield from _both(operation.inputs, operation.outputs, path)
    if operation.is_preset and path[-2:-1] == ("operations",):
        yield from _preset_in_dag(operation, path)


def _preset_in_dag(operation: V1Operation, path: Path) -> Iterator[Finding]:
    """Yield that an operation of a DAG is marked as what is laid over others."""
    runs = any(getattr(operation, name) is not None for name in _DEFINITIONS)
    message = "a preset is laid over operations, and this is one" + ("" if runs else " that runs nothing")
    hint = "remove `isPreset`"
    yield Finding(Code.INCOMPLETE, message, (*path, "isPreset"), hint, at_key=True, warning=runs)


def run_doubts(run: V1Runtime, path: Path) -> Iterator[Finding]:
    """Yield what a runtime has that can never work.

    Args:
        run: the runtime.
        path: where it stands.
    """
    if isinstance(run, V1Dag):
        yield from policy_doubts(known(run.early_stopping) or (), (*path, "earlyStopping"))
    yield from _ports(known(getattr(run, "ports", None)) or (), (*path, "ports"))
    yield from _replicas(run, path, least=1)
    if run.kind in _ROLES:
        yield from _roles(run, _ROLES[run.kind], path)


def _replicas(pods: Any, path: Path, *, least: int) -> Iterator[Finding]:
    replicas = known(getattr(pods, "replicas", None))
    if replicas is not None and replicas < least:
        yield out_of_range(f"`replicas` is below {least}", (*path, "replicas"))


def _roles(run: V1Runtime, names: Sequence[str], path: Path) -> Iterator[Finding]:
    for name in names:
        yield from _replicas(getattr(run, name), (*path, name), least=0)
    if all(getattr(run, name) is None for name in names):
        message = f"a `{run.kind}` without any of {', '.join(f'`{name}`' for name in names)} runs nothing"
        yield Finding(Code.INCOMPLETE, message, path)


def _ports(ports: Sequence[int], path: Path) -> Iterator[Finding]:
    for index, port in enumerate(ports):
        if not 1 <= port <= _LAST_PORT:
            yield out_of_range(f"a port is from 1 to {_LAST_PORT}", (*path, index))


_ROLES: Final = {
    "tfjob": ("chief", "ps", "worker", "evaluator"),
    "pytorchjob": ("master", "worker"),
    "mpijob": ("launcher", "worker"),
}


def _schedule(schedule: V1Schedule, path: Path) -> Iterator[Finding]:
    if isinstance(schedule, V1CronSchedule):
        yield from cron_problems(schedule.cron, (*path, "cron"))
    if isinstance(schedule, V1DateTimeSchedule):
        return
    if isinstance(schedule, V1IntervalSchedule):
        frequency = known(schedule.frequency)
        if frequency is not None and frequency <= timedelta():
            yield out_of_range(
                "`frequency` is not above 0", (*path, "frequency"), "write seconds, such as `60`"
            )
    start, end, runs = known(schedule.start_at), known(schedule.end_at), known(schedule.max_runs)
    if start is not None and end is not None and _aware(end) < _aware(start):
        message = "the schedule ends before it starts, so it never runs"
        yield Finding(Code.NEVER, message, (*path, "endAt"))
    if runs is not None and runs < 1:
        yield out_of_range("`maxRuns` is below 1", (*path, "maxRuns"), "leave it out for no limit")


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def cron_problems(text: str, path: Path) -> Iterator[Finding]:
    """Yield what is wrong with a cron expression.

    Args:
        text: five fields, or one of `PRESETS`.
        path: where it stands.
    """
    from cronsim import CronSim, CronSimError  # noqa: PLC0415 (10 ms, for those who have a schedule)

    if "{{" in text:
        yield Finding(Code.CRON, "a cron expression has no templates: it is read before anything runs", path)
        return
    if text.startswith("@"):
        if text not in PRESETS:
            yield Finding(Code.CRON, f"there is no `{text}`", path, f"write one of {', '.join(PRESETS)}")
        return
    if len(text.split()) != _FIELDS:
        message = f"a cron expression has {_FIELDS} fields, not {len(text.split())}"
        yield Finding(Code.CRON, message, path, "minute hour day month weekday, such as `30 2 * * 1-5`")
        return
    try:
        CronSim(text, _EPOCH)
    except CronSimError as error:
        yield Finding(Code.CRON, f"`{text}` is no cron expression: {error}", path)


_LONGEST_DELAY: Final = 24 * 60 * 60
_LONGEST: Final = 10 * 365 * 24 * 60 * 60
"""Seconds, ten years: dates have an end, and Kubernetes takes less than 2**31."""


def _termination(termination: V1Termination, path: Path) -> Iterator[Finding]:
    for name, field, least, most in (
        ("max_retries", "maxRetries", 0, None),
        ("ttl", "ttl", 0, _LONGEST),
        ("timeout", "timeout", 1, _LONGEST),
    ):
        value = known(getattr(termination, name))
        if value is not None and value < least:
            yield out_of_range(f"`{field}` is below {least}", (*path, field))
        if value is not None and most is not None and value > most:
            yield out_of_range(f"`{field}` is above {most} seconds, ten years", (*path, field))
    backoff = termination.backoff
    for name, field in (("delay", "delay"), ("max_delay", "maxDelay")) if backoff else ():
        seconds = getattr(backoff, name)
        if seconds is not None and not 0 <= seconds <= _LONGEST_DELAY:
            message = f"`{field}` is not between 0 and {_LONGEST_DELAY} seconds"
            yield out_of_range(message, (*path, "backoff", field))
    culling = termination.culling
    if culling is not None and culling.timeout is not None and culling.timeout < 1:
        yield out_of_range("`timeout` is below 1", (*path, "culling", "timeout"))


def _hooks(hooks: Sequence[V1Hook], path: Path) -> Iterator[Finding]:
    for index, hook in enumerate(hooks):
        if hook.trigger is not None and hook.trigger not in HOOK_STATUSES:
            message = f"a hook runs when all is over, and `{hook.trigger}` is before that"
            hint = f"write one of {', '.join(sorted(HOOK_STATUSES))}"
            yield Finding(Code.NEVER, message, (*path, index, "trigger"), hint)


def _cache(cache: V1Cache, path: Path) -> Iterator[Finding]:
    ttl = known(cache.ttl)
    if ttl is not None and ttl < 1:
        yield out_of_range("`ttl` is below 1", (*path, "ttl"), "`disable: true` switches the cache off")


def _events(events: Sequence[V1EventTrigger], path: Path) -> Iterator[Finding]:
    for index, event in enumerate(events):
        kinds = known(event.kinds)
        if kinds == []:
            yield Finding(Code.NEVER, "an event without `kinds` never happens", (*path, index, "kinds"))
        elif kinds is not None and _SILENT.issuperset(kinds):
            message = f"no event tells of {' or '.join(f'`{kind}`' for kind in kinds)}"
            yield Finding(Code.NEVER, message, (*path, index, "kinds"))
        if "." not in event.ref and "{{" not in event.ref:
            message = f"`{event.ref}` is nothing that events come from"
            hint = f"did you mean `ops.{event.ref}`?"
            yield Finding(Code.NEVER, message, (*path, index, "ref"), hint)


def _joins(joins: Sequence[V1Join], path: Path) -> Iterator[Finding]:
    from polyflow_shared.language.sanity.joins import join_doubts  # noqa: PLC0415 (for those who have joins)

    yield from join_doubts(joins, path)


def _declared(values: Sequence[V1IO], path: Path) -> Iterator[Finding]:
    seen = set[str]()
    for index, io in enumerate(values):
        if io.name in seen:
            yield Finding(
                Code.REPEATED, f"`{io.name}` is declared twice", (*path, index, "name"), warning=True
            )
        seen.add(io.name)


def _both(inputs: Sequence[V1IO], outputs: Sequence[V1IO], path: Path) -> Iterator[Finding]:
    names = {io.name for io in inputs}
    for index, io in enumerate(outputs):
        if io.name in names:
            message = f"`{io.name}` is an input as well: templates see the input"
            yield Finding(Code.REPEATED, message, (*path, "outputs", index, "name"), warning=True)


def _version(version: float, path: Path) -> Iterator[Finding]:
    if version not in _VERSIONS:
        message = f"the language has no version {version:g}; the file is read as one of version 1.1"
        yield Finding(Code.RANGE, message, path, "write `version: 1.1`, or leave it out", warning=True)


_CHECKS: Final[Mapping[str, Callable[[Any, Path], Iterator[Finding]]]] = {
    "version": _version,
    "schedule": _schedule,
    "termination": _termination,
    "hooks": _hooks,
    "ports": _ports,
    "cache": _cache,
    "events": _events,
    "joins": _joins,
    "matrix": matrix_doubts,
    "inputs": _declared,
    "outputs": _declared,
}

"""What can be read and can never work: found when a specification is checked, not when it has failed.

The language's reader accepts all of this; a run of it fails, hangs or does nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from polyflow_shared.language import spaces
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import (
    V1IO,
    Template,
    V1Cache,
    V1CronSchedule,
    V1Dag,
    V1DateTimeSchedule,
    V1EarlyStopping,
    V1EventTrigger,
    V1FailureEarlyStopping,
    V1HpChoice,
    V1Hyperband,
    V1IntervalSchedule,
    V1Join,
    V1Mapping,
    V1Matrix,
    V1MetricEarlyStopping,
    V1Operation,
    V1RandomSearch,
    V1Runtime,
    V1Schedule,
    V1Termination,
    known,
)
from polyflow_shared.language.models.distributions import V1Bounds, V1Range

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
_CHOICES_COMPARED: Final = 1000
"""Values of a choice that are compared with each other."""


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


def run_doubts(run: V1Runtime, path: Path) -> Iterator[Finding]:
    """Yield what a runtime has that can never work.

    Args:
        run: the runtime.
        path: where it stands.
    """
    if isinstance(run, V1Dag):
        yield from _policies(known(run.early_stopping) or (), (*path, "earlyStopping"))
    replicas = known(getattr(run, "replicas", None))
    if isinstance(replicas, int) and replicas < 1:
        yield _number("`replicas` is below 1", (*path, "replicas"))
    if run.kind in _ROLES and not any(getattr(run, role) for role in _ROLES[run.kind]):
        roles = ", ".join(f"`{role}`" for role in _ROLES[run.kind])
        message = f"a `{run.kind}` without any of {roles} runs nothing"
        yield Finding(Code.INCOMPLETE, message, path)


_ROLES: Final = {
    "tfjob": ("chief", "ps", "worker", "evaluator"),
    "pytorchjob": ("master", "worker"),
    "mpijob": ("launcher", "worker"),
}


def _number(message: str, path: Path, hint: str = "") -> Finding:
    return Finding(Code.RANGE, message, path, hint)


def _schedule(schedule: V1Schedule, path: Path) -> Iterator[Finding]:
    if isinstance(schedule, V1CronSchedule):
        yield from cron_problems(schedule.cron, (*path, "cron"))
    if isinstance(schedule, V1DateTimeSchedule):
        return
    if isinstance(schedule, V1IntervalSchedule):
        frequency = known(schedule.frequency)
        if frequency is not None and frequency <= timedelta():
            yield _number("`frequency` is not above 0", (*path, "frequency"), "write seconds, such as `60`")
    start, end, runs = known(schedule.start_at), known(schedule.end_at), known(schedule.max_runs)
    if start is not None and end is not None and _aware(end) < _aware(start):
        message = "the schedule ends before it starts, so it never runs"
        yield Finding(Code.NEVER, message, (*path, "endAt"))
    if runs is not None and runs < 1:
        yield _number("`maxRuns` is below 1", (*path, "maxRuns"), "leave it out for no limit")


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def cron_problems(text: str, path: Path) -> Iterator[Finding]:
    """Yield what is wrong with a cron expression.

    Args:
        text: five fields, or one of `PRESETS`.
        path: where it stands.
    """
    from cronsim import CronSim, CronSimError  # noqa: PLC0415 (10 ms, for those who have a schedule)

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


def _termination(termination: V1Termination, path: Path) -> Iterator[Finding]:
    for name, field, least in (
        ("max_retries", "maxRetries", 0),
        ("ttl", "ttl", 0),
        ("timeout", "timeout", 1),
    ):
        value = known(getattr(termination, name))
        if value is not None and value < least:
            yield _number(f"`{field}` is below {least}", (*path, field))


def _cache(cache: V1Cache, path: Path) -> Iterator[Finding]:
    ttl = known(cache.ttl)
    if ttl is not None and ttl < 1:
        yield _number("`ttl` is below 1", (*path, "ttl"), "`disable: true` switches the cache off")


def _policies(policies: Iterable[V1EarlyStopping], path: Path) -> Iterator[Finding]:
    for index, policy in enumerate(policies):
        below = (*path, index)
        if isinstance(policy, V1FailureEarlyStopping):
            yield from _percent(policy.percent, (*below, "percent"))
        elif isinstance(policy, V1MetricEarlyStopping):
            yield from _percent(getattr(policy.policy, "percent", None), (*below, "policy", "percent"))


def _percent(value: Any, path: Path) -> Iterator[Finding]:
    percent = known(value)
    if percent is not None and not 1 <= percent <= 100:
        yield _number(f"`percent` is {percent:g}, and goes from 1 to 100", path)


def _events(events: Sequence[V1EventTrigger], path: Path) -> Iterator[Finding]:
    for index, event in enumerate(events):
        if known(event.kinds) == []:
            yield Finding(Code.NEVER, "an event without `kinds` never happens", (*path, index, "kinds"))
        if "." not in event.ref and "{{" not in event.ref:
            message = f"`{event.ref}` is nothing that events come from"
            hint = f"did you mean `ops.{event.ref}`?"
            yield Finding(Code.NEVER, message, (*path, index, "ref"), hint)


def _joins(joins: Sequence[V1Join], path: Path) -> Iterator[Finding]:
    from polyflow_shared.language import pql  # noqa: PLC0415

    for index, join in enumerate(joins):
        below = (*path, index)
        for name, read in (("query", pql.parse), ("sort", pql.parse_sort)):
            text = getattr(join, name)
            if text is None or "{{" in text:
                continue
            try:
                read(text)
            except pql.PqlError as error:
                yield Finding(Code.QUERY, str(error), (*below, name), error.hint)
        for name in ("limit", "offset"):
            value = known(getattr(join, name))
            if value is not None and value < 0:
                yield _number(f"`{name}` is below 0", (*below, name))


def _matrix(matrix: V1Matrix, path: Path) -> Iterator[Finding]:
    yield from _policies(known(getattr(matrix, "early_stopping", None)) or (), (*path, "earlyStopping"))
    if isinstance(matrix, V1Mapping):
        yield from _rows(known(matrix.values) or (), (*path, "values"))
        return
    params = matrix.params
    if isinstance(params, Template):
        return
    if not params:
        yield Finding(Code.INCOMPLETE, "a matrix without `params` has nothing to try", (*path, "params"))
    for name, param in (params or {}).items():
        yield from _distribution(param, (*path, "params", name, "value"))
    if isinstance(matrix, V1Hyperband):
        yield from _hyperband(matrix, path)
    if isinstance(matrix, V1RandomSearch):
        yield from _too_many(matrix, path)


def _rows(rows: Sequence[Any], path: Path) -> Iterator[Finding]:
    maps = [(index, row) for index, row in enumerate(rows) if isinstance(row, dict)]
    for index, row in maps[1:]:
        if row.keys() != maps[0][1].keys():
            names = ", ".join(sorted(map(str, row.keys() ^ maps[0][1].keys())))
            message = f"this row and the first one do not both have {names}"
            yield Finding(Code.INCOMPLETE, message, (*path, index), warning=True)


def _distribution(param: Any, path: Path) -> Iterator[Finding]:
    value = known(param.value)
    if isinstance(param, V1HpChoice) and value is not None:
        seen = [repr(item) for item in value[:_CHOICES_COMPARED]]
        for index, item in enumerate(seen):
            if item in seen[:index]:
                message = f"{item} is tried twice"
                yield Finding(Code.REPEATED, message, (*path, index), warning=True)
    if isinstance(value, V1Bounds) and value.low > value.high:
        yield _number("the lower bound is above the upper one", path)
    if isinstance(value, V1Range) and value.step <= 0:
        yield _number("`step` is not above 0", path)
    if getattr(value, "q", 1) <= 0:
        yield _number("`q` is not above 0", path)


def _hyperband(matrix: V1Hyperband, path: Path) -> Iterator[Finding]:
    for name, field in (("max_iterations", "maxIterations"), ("resource", "resource"), ("metric", "metric")):
        if getattr(matrix, name) is None:
            yield Finding(Code.INCOMPLETE, f"hyperband needs `{field}`", path)
    eta = known(matrix.eta)
    if eta is not None and eta <= 1:
        yield _number("`eta` is not above 1", (*path, "eta"), "3 is a good value")


def _too_many(matrix: V1RandomSearch, path: Path) -> Iterator[Finding]:
    wanted, there = known(matrix.num_runs), spaces.count(matrix)
    if wanted is not None and there is not None and there < wanted:
        message = f"there are only {there} different trials"
        yield Finding(Code.RANGE, message, (*path, "numRuns"), warning=True)


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


_CHECKS: Final[Mapping[str, Callable[[Any, Path], Iterator[Finding]]]] = {
    "schedule": _schedule,
    "termination": _termination,
    "cache": _cache,
    "events": _events,
    "joins": _joins,
    "matrix": _matrix,
    "inputs": _declared,
    "outputs": _declared,
}

"""What a join can have that is read and finds nothing, or reads nothing of it; `operations` asks."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, get_args

from polyflow_shared.language import pql
from polyflow_shared.language.codes import Code
from polyflow_shared.language.expressions.names import ENTRY_GROUPS
from polyflow_shared.language.findings import Finding, Path, did_you_mean, nearest
from polyflow_shared.language.models import V1Join, known
from polyflow_shared.language.models.policies import Status
from polyflow_shared.language.sanity.matrix import out_of_range

_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "status": frozenset(get_args(Status)),
    "kind": frozenset(
        {
            "job", "service", "dag", "mpijob", "pytorchjob", "tfjob", "raycluster", "daskcluster", "notifier",
            "cleaner", "tuner", "builder", "matrix", "schedule",
        }
    ),
}  # fmt: skip
"""Fields that have one of some words."""
_MOMENTS: Final = frozenset({"created_at", "updated_at", "schedule_at", "started_at", "finished_at"})
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


def join_doubts(joins: Sequence[V1Join], path: Path) -> Iterator[Finding]:
    """Yield what joins have that cannot be read or comes to nothing.

    Args:
        joins: of an operation.
        path: where their list stands.
    """
    for index, join in enumerate(joins):
        below = (*path, index)
        yield from _query(join.query, (*below, "query"))
        yield from _sort(join.sort, (*below, "sort"))
        for name in ("limit", "offset"):
            value = known(getattr(join, name))
            if value is not None and value < 0:
                yield out_of_range(f"`{name}` is below 0", (*below, name))
        for name, param in (known(join.params) or {}).items():
            yield from _read(param.value, (*below, "params", name, "value"))


def _query(text: str, path: Path) -> Iterator[Finding]:
    try:
        query = pql.parse(text)
    except pql.PqlError as error:
        yield Finding(Code.QUERY, str(error), path, error.hint)
        return
    for condition in pql.conditions(query):
        for value in condition.values:
            yield from _value(condition, value, path)


def _sort(text: str | None, path: Path) -> Iterator[Finding]:
    if text is None:
        return
    try:
        pql.parse_sort(text)
    except pql.PqlError as error:
        yield Finding(Code.QUERY, str(error), path, error.hint)


def _value(condition: pql.Condition, value: str, path: Path) -> Iterator[Finding]:
    """Yield that no run has such a value, where it is likely a slip of the pen."""
    if "{{" in value:
        return
    words = _WORDS.get(condition.field, frozenset())
    if condition.operator is pql.Operator.IN and value not in words and (hint := did_you_mean(value, words)):
        message = f"no run has the {condition.field} `{value}`"
        yield Finding(Code.QUERY, message, path, hint, warning=True)
    if condition.field in _MOMENTS and _DATE.match(value) and not _is_moment(value):
        yield Finding(Code.QUERY, f"there is no day or time `{value}`", path, warning=True)


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _read(value: object, path: Path) -> Iterator[Finding]:
    """Yield that a param of a join reads nothing of the runs that are found."""
    if not isinstance(value, str) or "{{" in value:
        return
    group, dot, rest = value.partition(".")
    if group not in ENTRY_GROUPS and (near := nearest(group, ENTRY_GROUPS)):
        message = f"a run has no `{group}`; known are {', '.join(f'`{one}`' for one in sorted(ENTRY_GROUPS))}"
        yield Finding(Code.WRONG_REF, message, path, f"did you mean `{near}{dot}{rest}`?", warning=True)

"""Queries over runs as SQL: the one place that makes it, for any database; values are parameters, always.

What is searched are *entries*: runs, and the operations of runs, each of which belongs to the run or DAG
that it is directly in (`pipeline`).  A run that is one job or service is one entry with its operation, whose
outputs are its own.  Source: semantics of Polyaxon's joins and listings, where each operation is a run.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from polyflow_shared.language import pql
from polyflow_shared.language.findings import did_you_mean
from polyflow_shared.language.pql import Operator, Order, PqlError
from polyflow_shared.read_model.converting import Convert, as_number, id_of, moments_of, number_of
from polyflow_shared.read_model.dialects import SQLITE, Dialect, Sql

MAX_FOUND: Final = 5000
"""Entries that a search finds at most.  Source: the limit of Polyaxon's joins."""
COLUMNS: Final = (
    "uuid, run, name, project, owner, tags, status, reason, message, total, created_at, started_at, "
    "finished_at, pending, origin, generation, kind, pipeline, inputs, outputs, operation, "
    "attempts"
)
"""What a search returns of each entry."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for.

    Attributes:
        query: in the query language; empty for everything.
        sort: what the entries are ordered by; the newest first where empty.
        project: only entries of this project.
        owner: only entries of this owner.
        pipeline: only what is directly in the run or DAG of this id.
        tags: only entries that have all of these.
        statuses: only entries that stand so; none is all.
        runs_only: whether operations inside of runs are left out, unless the query asks for a `pipeline`.
        limit: entries at most (1 to `MAX_FOUND`).
        offset: entries that are left out first.
        columns: fields that are wanted of each entry, by the names that queries have for them.
    """

    query: str = ""
    sort: str = ""
    project: str | None = None
    owner: str | None = None
    pipeline: str | None = None
    tags: Sequence[str] = ()
    statuses: Collection[str] | None = None
    runs_only: bool = False
    limit: int | None = None
    offset: int = 0
    columns: Sequence[str] = ()


def statement(search: Search, dialect: Dialect = SQLITE) -> Sql:
    """Return the statement that finds the entries of a search: `COLUMNS`, then the columns it wants.

    Raises:
        PqlError: the query or the sort cannot be read, or asks for what is not kept.
    """
    query = pql.parse(search.query) if search.query.strip() else None
    maker = _Maker(dialect)
    where = [*_limits(search, dialect), *([maker.condition(query)] if query is not None else [])]
    if search.runs_only and not (query is not None and "pipeline" in fields_of(query)):
        where.append(Sql("pipeline IS NULL"))
    order = _joined(", ", [*maker.order(search.sort), Sql("created_at DESC"), Sql("run"), Sql("number")])
    filtered = _joined(" AND ", where) if where else Sql("1 = 1")
    limit = MAX_FOUND if search.limit is None else min(search.limit, MAX_FOUND)
    wanted = _joined(", ", [Sql(COLUMNS), *map(maker.shown, search.columns)])
    return Sql(
        f"WITH entries AS ({_ENTRIES}) SELECT {wanted.text} FROM entries WHERE {filtered.text} "
        f"ORDER BY {order.text} LIMIT ? OFFSET ?",
        (*wanted.parameters, *filtered.parameters, *order.parameters, limit, search.offset),
    )


def check(query: str, sort: str = "") -> None:
    """Do nothing where a search with these could be made.

    Raises:
        PqlError: they cannot be read, or ask for what is not kept.
    """
    statement(Search(query=query, sort=sort))


def not_kept(query: str = "", sort: str = "") -> frozenset[str]:
    """Return the fields of a query or sort that the read model does not have; templates may stand for some.

    Raises:
        PqlError: it cannot be read.
    """
    asked = fields_of(pql.parse(query)) if query.strip() else frozenset()
    ordered = {order.field for order in pql.parse_sort(sort)} if sort.strip() else set()
    return frozenset(name for name in asked | ordered if "{{" not in name and not _is_kept(name))


def fields_of(query: pql.Query) -> frozenset[str]:
    """Return the names of the fields that a query asks about."""
    match query:
        case pql.Condition():
            return frozenset({query.field})
        case pql.All() | pql.Any():
            return frozenset().union(*map(fields_of, query.parts))
    return frozenset()


_ENTRIES: Final = """
    SELECT id AS uuid, id AS run, -1 AS number, name, project, owner, tags, description, status, reason,
        message, total, created_at, started_at, finished_at, pending, kind, NULL AS pipeline,
        params AS inputs,
        CASE WHEN kind IN ('job', 'service') THEN
            (SELECT o.outputs FROM operations o WHERE o.run = runs.id AND o.number = 0)
        END AS outputs,
        (SELECT min(o.cluster) FROM operations o WHERE o.run = runs.id AND o.cluster <> '') AS cluster,
        original, cloning_kind, origin, generation,
        CASE WHEN kind IN ('job', 'service') THEN
            (SELECT o.name FROM operations o WHERE o.run = runs.id AND o.number = 0)
        END AS operation,
        CASE WHEN kind IN ('job', 'service') THEN
            (SELECT o.attempts FROM operations o WHERE o.run = runs.id AND o.number = 0)
        END AS attempts
    FROM runs
    UNION ALL
    SELECT o.id, o.run, o.number, o.name, r.project, r.owner, r.tags, '', o.status, o.reason,
        o.message, 1, r.created_at, o.started_at, o.finished_at, o.pending, o.kind, o.pipeline, o.params,
        o.outputs, o.cluster, '', '', '', 0, o.name, o.attempts
    FROM operations o JOIN runs r ON r.id = o.run
    WHERE o.id <> '' AND (o.sequence >= r.since OR o.sequence = 0) AND r.kind NOT IN ('job', 'service')
"""
_COLUMN_OF: Final[Mapping[str, str]] = {
    "uuid": "uuid", "name": "name", "description": "description", "status": "status", "kind": "kind",
    "runtime": "kind", "user": "owner", "owner": "owner", "project": "project", "project.name": "project",
    "pipeline": "pipeline", "created_at": "created_at", "started_at": "started_at",
    "finished_at": "finished_at", "queue": "cluster",
    "pending": "pending", "original": "original", "cloning_kind": "cloning_kind",
}  # fmt: skip
_SHOWN: Final = {**_COLUMN_OF, "tags": "tags", "reason": "reason", "message": "message"}
"""Fields that can be shown, beside spans and the entries of groups."""
_IDS: Final = frozenset({"uuid", "pipeline", "original"})
_MOMENTS: Final = frozenset({"created_at", "started_at", "finished_at"})
_GROUPS: Final[Mapping[str, str]] = {"params": "inputs", "outputs": "outputs", "metrics": "outputs"}
"""In which JSON column the entries of a group are; of a metric that is no output there is its last value."""
_MEASURED: Final = (
    "SELECT m.value FROM metrics m WHERE m.run = entries.run AND m.name = ? "
    "AND (entries.operation IS NULL OR m.operation = entries.operation) ORDER BY m.at DESC LIMIT 1"
)
"""The last value of a metric; that of a run is the last of all its operations."""
_SPANS: Final[Mapping[str, tuple[str, str]]] = {
    "duration": ("started_at", "finished_at"),
    "wait_time": ("created_at", "started_at"),
}


def _limits(search: Search, dialect: Dialect) -> list[Sql]:
    named = (("project", search.project), ("owner", search.owner), ("pipeline", search.pipeline))
    limits = [Sql(f"{column} = ?", (value,)) for column, value in named if value is not None]
    if search.statuses is not None:
        limits.append(_among("status", sorted(search.statuses)))
    limits += [Sql(dialect.any_item("tags", "item = ?"), (tag,)) for tag in search.tags]
    return limits


def _among(expression: str, values: Sequence[Any]) -> Sql:
    if not values:
        return Sql("1 = 0")
    return Sql(f"{expression} IN ({', '.join('?' * len(values))})", tuple(values))


def _joined(between: str, parts: Sequence[Sql]) -> Sql:
    text = between.join(part.text for part in parts)
    return Sql(text, tuple(value for part in parts for value in part.parameters))


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes the conditions of one statement."""

    dialect: Dialect

    def condition(self, query: pql.Query) -> Sql:
        match query:
            case pql.Condition():
                made = self._one(query)
                return Sql(f"NOT COALESCE(({made.text}), 1 = 0)", made.parameters) if query.negated else made
            case pql.All():
                return self._several(" AND ", query.parts)
            case pql.Any():
                return self._several(" OR ", query.parts)
        raise PqlError(f"`{query.text}` is a template, which only joins have", 1)

    def order(self, sort: str) -> list[Sql]:
        """Return what comes first; what lacks the field comes last, either way."""
        made: list[Sql] = []
        for order in pql.parse_sort(sort) if sort.strip() else ():
            for expression in self._sortable(order):
                made.append(Sql(f"{expression.text} IS NULL", expression.parameters))
                made.append(expression._replace(text=expression.text + (" DESC" if order.descending else "")))
        return made

    def _several(self, between: str, parts: Sequence[pql.Query]) -> Sql:
        made = _joined(between, [self.condition(part) for part in parts])
        return Sql(f"({made.text})", made.parameters)

    def _one(self, condition: pql.Condition) -> Sql:
        name = condition.field
        group, _, key = name.partition(".")
        if name in _COLUMN_OF:
            return self._stored(name, condition)
        if name in _SPANS:
            return self._compared(self._span(name), condition, number_of(condition))
        if name == "tags":
            return self._tags(condition)
        if name == "is_independent":
            return _is_independent(condition)
        if group in _GROUPS and key:
            return self._value(*self._entry(group, key), condition)
        raise _not_kept(name, condition.column)

    def _stored(self, name: str, condition: pql.Condition) -> Sql:
        if name in _MOMENTS:
            return self._moment(name, condition)
        if name not in _IDS:
            return self._compared(_column(name, condition), condition, str)
        if condition.operator is Operator.LIKE:
            lower = tuple(value.lower() for value in condition.values)  # as ids are kept
            condition = replace(condition, values=lower)
        return self._compared(_column(name, condition), condition, id_of(condition))

    def _moment(self, name: str, condition: pql.Condition) -> Sql:
        """Compare with moments, or days: what equals a day is in it, what is after it is behind its end."""
        match condition.operator:
            case Operator.IN:
                spans = [moments_of(value, condition) for value in condition.values]
                made = _joined(" OR ", [Sql(f"{name} BETWEEN ? AND ?", span) for span in spans])
                return Sql(f"({made.text})", made.parameters)
            case Operator.RANGE:
                first, last = (moments_of(value, condition) for value in condition.values)
                return _between(Sql(name), first[0], last[1], condition)
            case Operator.GT | Operator.LE:
                return self._compared(Sql(name), condition, lambda value: moments_of(value, condition)[1])
        return self._compared(
            _column(name, condition), condition, lambda value: moments_of(value, condition)[0]
        )

    def _span(self, name: str) -> Sql:
        return Sql(self.dialect.seconds(*_SPANS[name]))

    def _tags(self, condition: pql.Condition) -> Sql:
        if condition.operator is Operator.NIL:
            return Sql("tags = '[]'")
        made = self._compared(Sql("item"), condition, str)
        return Sql(self.dialect.any_item("tags", made.text), made.parameters)

    def _entry(self, group: str, key: str) -> tuple[Sql, Sql]:
        """Return an entry of a group as text, and as a number."""
        text, number = self.dialect.text(_GROUPS[group], key), self.dialect.number(_GROUPS[group], key)
        if group != "metrics":
            return text, number
        measured = f"COALESCE({{}}, CAST(({_MEASURED}) AS {{}}))"
        return (
            Sql(measured.format(text.text, "TEXT"), (*text.parameters, key)),
            Sql(measured.format(number.text, "REAL"), (*number.parameters, key)),
        )

    def shown(self, name: str) -> Sql:
        """Return a field as text."""
        group, _, key = name.partition(".")
        if name in _SPANS:
            return self._span(name)
        if group in _GROUPS and key:
            return self._entry(group, key)[0]
        if name not in _SHOWN:
            raise _not_kept(name, 0, "columns")
        return Sql(_SHOWN[name])

    def _compared(self, left: Sql, condition: pql.Condition, convert: Convert) -> Sql:
        """Compare with what is asked for.

        Args:
            left: what is compared.
            condition: how, and with what.
            convert: a value as the left side has it.
        """
        values = condition.values
        match condition.operator:
            case Operator.NIL:
                return Sql(f"{left.text} IS NULL", left.parameters)
            case Operator.RANGE:
                return _between(left, convert(values[0]), convert(values[1]), condition)
            case Operator.LIKE:
                made = _joined(" OR ", [self.dialect.like(left, value) for value in values])
                return Sql(f"({made.text})", made.parameters)
            case Operator.IN:
                among = _among(left.text, [convert(value) for value in values])
                return Sql(among.text, (*left.parameters, *among.parameters))
        return Sql(f"{left.text} {condition.operator} ?", (*left.parameters, convert(values[0])))

    def _value(self, text: Sql, number: Sql, condition: pql.Condition) -> Sql:
        """Compare as numbers where what is asked for is one, as texts otherwise."""
        if condition.operator in {Operator.NIL, Operator.LIKE}:
            return self._compared(text, condition, str)
        if condition.operator is Operator.IN:
            each = [self._equal(text, number, value) for value in condition.values]
            made = _joined(" OR ", each)
            return Sql(f"({made.text})", made.parameters)
        numbers = all(as_number(value) is not None for value in condition.values)
        if numbers:
            return self._compared(number, condition, float)
        return self._compared(text, condition, str)

    def _equal(self, text: Sql, number: Sql, value: str) -> Sql:
        if (wanted := as_number(value)) is None:
            return Sql(f"{text.text} = ?", (*text.parameters, _boolean(value)))
        either = f"{number.text} = ? OR {text.text} = ?"
        return Sql(either, (*number.parameters, wanted, *text.parameters, value))

    def _sortable(self, order: Order) -> Sequence[Sql]:
        group, _, key = order.field.partition(".")
        if order.field in _COLUMN_OF:
            return [Sql(_COLUMN_OF[order.field])]
        if order.field in _SPANS:
            return [self._span(order.field)]
        if group in _GROUPS and key:
            return list(reversed(self._entry(group, key)))
        raise _not_kept(order.field, order.column, "sort")


def _between(left: Sql, low: Any, high: Any, condition: pql.Condition) -> Sql:
    """Return whether something lies in a range.

    Raises:
        PqlError: nothing can.
    """
    if not low <= high:
        first, last = condition.values
        hint = f"write the smaller end first: `{condition.field}: {last}..{first}`" if high < low else ""
        raise PqlError(f"nothing lies in `{first}..{last}`", condition.column, hint)
    return Sql(f"{left.text} BETWEEN ? AND ?", (*left.parameters, low, high))


def _column(name: str, condition: pql.Condition) -> Sql:
    """Return a column; in those of texts an empty one stands for none."""
    column = _COLUMN_OF[name]
    return Sql(f"NULLIF({column}, '')" if condition.operator is Operator.NIL else column)


def _boolean(value: str) -> str:
    """Return true and false as JSON writes them."""
    return value.lower() if value.lower() in {"true", "false"} else value


def _is_independent(condition: pql.Condition) -> Sql:
    wanted = {_boolean(value) for value in condition.values}
    if condition.operator is not Operator.IN or not wanted <= {"true", "false"}:
        raise PqlError("`is_independent` is `true` or `false`", condition.column)
    either = sorted(f"pipeline IS {'NULL' if one == 'true' else 'NOT NULL'}" for one in wanted)
    return Sql(f"({' OR '.join(either)})")


def _is_kept(name: str) -> bool:
    group, _, key = name.partition(".")
    return name in pql.KEPT or (group in _GROUPS and bool(key))


def _not_kept(name: str, column: int, within: str = "query") -> PqlError:
    if within == "sort" and name in pql.UNORDERED:
        return PqlError(f"`{name}` gives no order", column, within=within)
    fields = {*_SHOWN, *_SPANS} if within == "columns" else pql.kept(within)
    known = [*fields, *(f"{group}." for group in _GROUPS)]
    hint = did_you_mean(name.partition(".")[0] + ("." if "." in name else ""), known)
    kept = ", ".join([*sorted(fields), *(f"{group}.NAME" for group in _GROUPS)])
    return PqlError(f"the field `{name}` is not kept", column, hint or f"kept are {kept}", within=within)

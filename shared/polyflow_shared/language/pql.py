"""The query language over runs: `status: succeeded, metrics.loss: < 0.1`.

    query      = term, { ("," | "AND" | "OR"), term }        AND binds more tightly than OR; "," is AND
    term       = "(", query, ")" | condition
    condition  = field, ":", [ "~" ], value
    value      = comparison | range | choice
    comparison = ("<" | "<=" | ">" | ">="), word
    range      = word, "..", word
    choice     = word, { "|", word }     "%" in a word stands for any text, `nil` for none
    word       = anything without blanks or signs, or any text in quotes, a quote in it written twice

A template in place of a word, or of a whole term, is kept as it is: what it says shows when it is rendered.
Source: the documentation of Polyaxon's query language.  Joins are written in it.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from polyflow_shared.language.findings import did_you_mean
from polyflow_topics.status import Status

KEPT: Final = frozenset(
    {
        "uuid", "name", "description", "status", "pending", "kind", "runtime", "tags", "user", "owner",
        "created_at", "started_at", "finished_at", "duration", "wait_time", "project", "project.name",
        "pipeline", "original", "cloning_kind", "is_independent", "queue",
    }
)  # fmt: skip
"""Fields by which runs are found here, beside the groups of `KEPT_GROUPS`."""
UNORDERED: Final = frozenset({"tags", "is_independent"})
"""Those of them by which runs cannot be sorted."""
FIELDS: Final = KEPT | frozenset(
    {
        "state", "live_state", "teams", "mine", "updated_at", "schedule_at", "controller", "upstream",
        "downstream", "is_managed", "managed_by", "agent", "namespace", "artifacts_store", "hub.name",
        "component_state", "in_artifact_kind", "out_artifact_kind", "backend", "framework", "commit",
        "cost", "cpu", "memory", "gpu", "custom",
    }
)  # fmt: skip
"""All fields of the language."""
_SAME: Final = {"id": "uuid", "uid": "uuid"}
"""Other names of fields."""
GROUPS: Final = {
    "metrics": "metrics", "params": "params", "in": "params", "inputs": "params", "outputs": "outputs",
    "out": "outputs", "artifacts": "artifacts", "meta_flags": "meta_flags", "meta_info": "meta_info",
    "meta_values": "meta_values", "connections": "connections",
}  # fmt: skip
"""First words of `metrics.loss` and its like, each with the one that it stands for."""
KEPT_GROUPS: Final = frozenset({"metrics", "params", "outputs"})
_KINDS: Final = ("job", "service", "dag", "matrix")
WORDS: Final[Mapping[str, Sequence[str]]] = {
    "status": (*(status.value for status in Status), "rejected"),
    "kind": _KINDS,
    "runtime": _KINDS,
}
"""Fields that are one of some words, none of which is more than another."""
MAX_QUERY: Final = 10_000
"""Characters."""
MAX_DEPTH: Final = 50
"""Parentheses in parentheses."""


class PqlError(ValueError):
    """A query cannot be read.

    Attributes:
        column: where, counts from 1.
        hint: what to write instead.
    """

    def __init__(self, message: str, column: int, hint: str = "", *, within: str = "query") -> None:
        """Say what is wrong, and where: in a `query`, a `sort`, or among the `columns` that are wanted."""
        where = "among the columns" if within == "columns" else f"column {column} of the {within}"
        super().__init__(f"{message} ({where})")
        self.column = column
        self.hint = hint


class Operator(StrEnum):
    """How a field is compared."""

    IN = "in"
    LIKE = "like"
    RANGE = "range"
    NIL = "nil"
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


@dataclass(frozen=True, slots=True)
class Condition:
    """One field compared with values.

    Attributes:
        field: in full, such as `metrics.loss`.
        operator: how.
        values: one; two for a range; any number for `in`; none for `nil`.
        negated: whether it must not be so.
    """

    field: str
    operator: Operator
    values: tuple[str, ...] = ()
    negated: bool = False
    column: int = dataclasses.field(default=1, compare=False)
    """Where it begins in the query, counts from 1."""


@dataclass(frozen=True, slots=True)
class All:
    """All of these."""

    parts: "tuple[Query, ...]"


@dataclass(frozen=True, slots=True)
class Any:
    """Any of these."""

    parts: "tuple[Query, ...]"


@dataclass(frozen=True, slots=True)
class Opaque:
    """A term that a template writes."""

    text: str


Query = Condition | All | Any | Opaque


def kept(within: str) -> frozenset[str]:
    """Return the fields by which runs are found by a `query`, or ordered by a `sort`."""
    return KEPT - UNORDERED if within == "sort" else KEPT


def conditions(query: Query) -> Iterator[Condition]:
    """Yield the conditions in a query, however deep; of one that is not read yet there are none."""
    match query:
        case Condition():
            yield query
        case All() | Any():
            for part in query.parts:
                yield from conditions(part)


@dataclass(frozen=True, slots=True)
class Order:
    """What runs are ordered by."""

    field: str
    descending: bool = False
    column: int = dataclasses.field(default=1, compare=False)


def parse(text: str) -> Query:
    """Return what a query says.

    Raises:
        PqlError: it cannot be read.
    """
    if len(text) > MAX_QUERY:
        raise PqlError(f"a query has at most {MAX_QUERY:,} characters", MAX_QUERY + 1)
    parser = _Parser(text)
    query = parser.any_of(0)
    if parser.token:
        raise PqlError(f"`{parser.token}` is left over", parser.column)
    return query


def parse_sort(text: str) -> Sequence[Order]:
    """Return what `-metrics.loss, name` orders by.

    Raises:
        PqlError: a field is unknown, or is not one.
    """
    orders: list[Order] = []
    position = 0
    for part in text.split(","):
        name = part.strip()
        plain = name.removeprefix("-")
        column = position + len(part) - len(part.lstrip()) + 1
        if not plain or (" " in plain and not _templated(plain)):
            hint = "write `name`, or `-name` for the reverse order"
            raise PqlError(f"a field is expected, not `{name}`", column, hint, within="sort")
        orders.append(Order(_field(plain, column, within="sort"), name != plain, column))
        position += len(part) + 1
    return orders


_TOKEN: Final = re.compile(
    r"""\s*(?: (?P<quoted>"(?:[^"]|"")*"|'(?:[^']|'')*') | (?P<sign>\.\.|<=|>=|[<>~|,()]) | (?P<colon>:)
    | (?P<word>(?:\{\{(?:[^{}]|\{[^{}]*\})*\}\}|(?!\.\.)[^\s:<>~|,()"'])+) )""",
    re.VERBOSE,
)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?")
"""A moment has colons and blanks of its own."""


_UNCLOSED: Final = "this parenthesis is never closed"


class _Parser:
    """Reads a query from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.token = ""
        self.kind = ""
        self.column = 1
        self.advance()

    def advance(self) -> None:
        """Go to the next token; it is empty at the end."""
        rest = self._text[self._at :]
        blank = len(rest) - len(rest.lstrip())
        self.column = self._at + blank + 1
        if not rest.strip():
            self.token, self.kind = "", ""
            return
        if (moment := _TIME.match(rest, blank)) is not None:
            self._take(moment[0], "word", moment.end())
            return
        match = _TOKEN.match(rest)
        if match is None:
            wrong = rest.strip()[0]
            message = "this quote is never closed" if wrong in "\"'" else f"`{wrong}` cannot stand here"
            raise PqlError(message, self.column)
        kind = match.lastgroup or ""
        self._take(match[kind], kind, match.end())

    def _take(self, token: str, kind: str, length: int) -> None:
        self.token, self.kind = token, kind
        self._at += length

    def any_of(self, depth: int) -> Query:
        parts = [self._all_of(depth)]
        while self.kind == "word" and self.token.upper() == "OR":
            self.advance()
            parts.append(self._all_of(depth))
        return parts[0] if len(parts) == 1 else Any(tuple(parts))

    def _all_of(self, depth: int) -> Query:
        parts = [self._term(depth)]
        while self.token == "," or (self.kind == "word" and self.token.upper() == "AND"):
            self.advance()
            parts.append(self._term(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _term(self, depth: int) -> Query:
        if self.token != "(":
            return self._condition()
        if depth >= MAX_DEPTH:
            raise PqlError(f"parentheses are nested more than {MAX_DEPTH} deep", self.column)
        opened = self.column
        self.advance()
        query = self.any_of(depth + 1)
        if self.token != ")":
            raise PqlError(_UNCLOSED, opened)
        self.advance()
        return query

    def _condition(self) -> Condition | Opaque:
        if self.kind != "word":
            found = f"not `{self.token}`" if self.token else "and the query ends here"
            raise PqlError(f"a field is expected, {found}", self.column, "write `status: succeeded`")
        column = self.column
        field = _field(self.token, column)
        self.advance()
        if self.kind != "colon" and _templated(field):
            return Opaque(field)
        if self.kind != "colon":
            raise PqlError(f"`{field}` needs a `:` and a value", self.column, f"write `{field}: VALUE`")
        self.advance()
        negated = self.token == "~"
        if negated:
            self.advance()
        return replace(self._compared(field, negated), column=column)

    def _compared(self, field: str, negated: bool) -> Condition:
        if self.token in ("<", "<=", ">", ">="):
            operator = Operator(self.token)
            self._ordered(field)
            self.advance()
            return Condition(field, operator, (self._value(field),), negated)
        first, quoted = self.token, self.kind == "quoted"
        values = [self._value(field)]
        if self.token == "..":
            self._ordered(field)
            self.advance()
            return Condition(field, Operator.RANGE, (values[0], self._value(field)), negated)
        while self.token == "|":
            self.advance()
            values.append(self._value(field))
        if first.lower() == "nil" and len(values) == 1 and not quoted:
            return Condition(field, Operator.NIL, (), negated)
        like = any("%" in value for value in values) and not quoted
        return Condition(field, Operator.LIKE if like else Operator.IN, tuple(values), negated)

    def _ordered(self, field: str) -> None:
        """Refuse an order among words that have none."""
        if field in WORDS:
            message = f"`{field}` is a word, which `{self.token}` cannot compare"
            hint = f"write `{field}: a|b` with some of {', '.join(WORDS[field])}"
            raise PqlError(message, self.column, hint)

    def _value(self, field: str) -> str:
        if self.token == "(" and ")" not in self._text[self._at :]:
            raise PqlError(_UNCLOSED, self.column)
        if self.token == "(":
            hint = f"parentheses go around conditions; write `{field}: a|b` for one of several values"
            raise PqlError(f"a value for `{field}` is expected, not `(`", self.column, hint)
        if self.kind not in ("word", "quoted"):
            raise PqlError(f"a value for `{field}` is missing", self.column)
        value = _unquoted(self.token) if self.kind == "quoted" else self.token
        self.advance()
        return value


def _unquoted(token: str) -> str:
    """Return what stands between quotes; in it a quote of their kind is written twice."""
    quote = token[0]
    return token[1:-1].replace(quote * 2, quote)


def _templated(text: str) -> bool:
    return "{{" in text and "}}" in text


def _field(name: str, column: int, *, within: str = "query") -> str:
    """Return a field's name in full."""
    group, dot, rest = name.partition(".")
    name = _SAME.get(name, name)
    if name in FIELDS or _templated(name):
        return name
    if group in GROUPS and (rest or not dot):
        return f"{GROUPS[group]}.{rest}" if rest else GROUPS[group]
    if group in GROUPS:
        raise PqlError(f"`{name}` needs a name behind it", column, f"write `{name}NAME`", within=within)
    known = [*kept(within), *(f"{one}." for one, group in GROUPS.items() if group in KEPT_GROUPS)]
    hint = did_you_mean(f"{group}." if rest else name, known)
    raise PqlError(f"there is no field `{name}`", column, hint, within=within)

"""Params that an operation gets from its matrix or from joins: their names, and whether they fit."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from polyflow_services.spec_validator.links.graph import upstream_name
from polyflow_services.spec_validator.links.refs import (
    GLOBALS_OF_RUNS,
    AskedElsewhere,
    Bindings,
    Bound,
    Varied,
    wrong_paths,
)
from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.findings import Finding, Nearest, Path
from polyflow_shared.language.models import (
    V1IO,
    Template,
    V1HpParam,
    V1Join,
    V1Mapping,
    V1Matrix,
    V1Operation,
    V1Param,
    known,
)
from polyflow_topics.names import OperationName
from polyflow_topics.queries import Question

Entries = Mapping[str, tuple[V1IO, Path]]

_UNCHECKED: Final = frozenset({"choice", "pchoice"})
"""Distributions whose values are the user's own, of any type."""
_DATES: Final = {
    "daterange": frozenset({"date", "datetime", "any"}),
    "datetimerange": frozenset({"date", "datetime", "any"}),
}
_NUMBERS: Final = frozenset({"int", "float", "metric", "any"})


def given_by_matrix(
    index: int, matrix: V1Matrix, declared: Entries, path: Path, findings: list[Finding]
) -> Iterator[tuple[str, Bound]]:
    """Yield the names that a matrix gives values for; note those whose type cannot fit.

    Args:
        index: the operation's number.
        matrix: of the operation.
        declared: its inputs and outputs.
        path: where the matrix stands.
        findings: where to note what is wrong.
    """
    for name, distribution in (names_of_trials(matrix) or {}).items():
        if distribution is not None:
            _fits(name, distribution, declared, (*path, "params", name), findings)
        yield name, _bound(name, declared, index)


def names_of_trials(matrix: V1Matrix) -> Mapping[str, V1HpParam | None] | None:
    """Return the names that a matrix gives values for, each with how, if not by rows; None if not known."""
    if not isinstance(matrix, V1Mapping):
        return None if isinstance(matrix.params, Template) else matrix.params or {}
    rows = known(matrix.values)
    return None if rows is None else dict.fromkeys(name for row in rows for name in row)


def _bound(name: str, declared: Entries, index: int) -> Bound:
    io = declared[name][0] if name in declared else None
    return Bound(io.kind if io else None, io=io, later=True, varied=Varied(index, name))


def missing_in_rows(index: int, matrix: V1Matrix | None, bindings: Bindings, path: Path) -> Iterator[Finding]:
    """Yield the rows of a mapping that lack a value which nothing else gives.

    Args:
        index: the operation's number.
        matrix: of an operation.
        bindings: what its names stand for.
        path: where the matrix stands.
    """
    rows = matrix.values if isinstance(matrix, V1Mapping) and isinstance(matrix.values, list) else ()
    for number, row in enumerate(rows):
        for name, bound in bindings.items():
            own = bound.varied is not None and bound.varied.matrix == index
            needed = bound.io is not None and bound.value is None and not bound.io.optional
            if own and needed and name not in row:
                message = f"this row has no value for input `{name}`"
                yield Finding(Code.MISSING_PARAM, message, (*path, "values", number), stage=Stage.RUN_READY)


def _fits(name: str, distribution: Any, declared: Entries, path: Path, findings: list[Finding]) -> None:
    made = getattr(distribution, "kind", "choice")
    kind = declared[name][0].type if name in declared else None
    if kind is None or made in _UNCHECKED or kind in _DATES.get(made, _NUMBERS):
        return
    what = "dates" if made in _DATES else "numbers"
    message = f"input `{name}` is `{kind}`, and `{made}` makes {what}"
    findings.append(Finding(Code.TYPE_MISMATCH, message, path))


def given_by_joins(
    operation: V1Operation, declared: Entries, path: Path, findings: list[Finding]
) -> Iterator[tuple[str, Bound]]:
    """Yield the names that joins give lists for; note inputs that take no list.

    Args:
        operation: with its own joins.
        declared: its inputs and outputs.
        path: where the joins stand.
        findings: where to note what is wrong.
    """
    made: dict[str, Bound] = {}
    for index, join in enumerate(known(operation.joins) or ()):
        for name, bound in _joined(join, declared, (*path, index), findings):
            # Lists of one name follow each other.
            asked = (*made[name].asked, *bound.asked) if name in made else bound.asked
            made[name] = replace(bound, asked=asked)
    yield from made.items()


def unknown_scopes(operation: V1Operation, siblings: Collection[str], path: Path) -> Iterator[Finding]:
    """Yield joins over what is in a DAG or matrix that there is not: they would never find anything.

    Args:
        operation: with its own joins.
        siblings: the operations beside it.
        path: where the joins stand.
    """
    for index, join in enumerate(known(operation.joins) or ()):
        wanted = upstream_name(join.ref)
        if wanted is not None and wanted not in siblings:
            message = f"there is no operation `{wanted}` beside this one"
            near = Nearest(wanted, siblings)
            place = (*path, index, "ref")
            yield Finding(Code.UNKNOWN_UPSTREAM, message, place, near, stage=Stage.RUN_READY)


def _joined(
    join: V1Join, declared: Entries, path: Path, findings: list[Finding]
) -> Iterator[tuple[str, Bound]]:
    params = join.params if isinstance(join.params, dict) else {}
    question = _question(join)
    for name, param in params.items():
        entries = [*_entries(param.value, (*path, "params", name, "value"), findings)]
        io = declared[name][0] if name in declared and not param.context_only else None
        if io is not None and not _takes_list(io):
            message = f"input `{name}` is `{io.type or 'one value'}`, and a join gives a list"
            hint = f"write `type: List[{io.type}]`" if io.type else "write `isList: true`"
            findings.append(Finding(Code.TYPE_MISMATCH, message, (*path, "params", name), hint))
        given = V1Param(to_env=param.to_env, context_only=param.context_only, to_init=param.to_init)
        asked = tuple(AskedElsewhere(question, entry) for entry in entries)
        yield name, Bound(io.kind if io else None, io=io, param=given, later=True, asked=asked)


def _question(join: V1Join) -> Question:
    def number(value: object) -> int | str | None:
        return value if value is None or isinstance(value, int) else str(value)

    return Question(
        query=join.query,
        sort=join.sort or "",
        limit=number(join.limit),
        offset=number(join.offset),
        within=OperationName(upstream_name(join.ref) or ""),
    )


def _entries(value: object, path: Path, findings: list[Finding]) -> Iterator[str]:
    """Yield what is read of each run; note where that is nothing that can be read."""
    if isinstance(value, dict) and value and value.keys() <= {"files", "dirs"}:
        wrong = [*wrong_paths(value), *(_PAIRS for paths in value.values() if any(map(_is_pair, paths)))]
        findings.extend(Finding(Code.WRONG_REF, message, path) for message in wrong[:1])
        if not wrong:
            yield from (f"artifacts.{one}" for paths in value.values() for one in paths)
        return
    entry = _entry(value, path, findings)
    if entry is not None:
        yield entry


_PAIRS: Final = "a join gives each artifact a folder of its own: write paths, not `[from, to]`"


def _is_pair(path: object) -> bool:
    return isinstance(path, list)


def _entry(value: object, path: Path, findings: list[Finding]) -> str | None:
    """Return what is read of each run; None, with a finding, where that is nothing that can be read."""
    text = value.strip("{} ") if isinstance(value, str) else ""
    group, _, name = text.partition(".")
    if text in {"inputs", "outputs", "artifacts"} or (group in {"inputs", "outputs", "artifacts"} and name):
        return text
    if group == "globals" and name in GLOBALS_OF_RUNS:
        return text
    message = f"`{value}` is nothing that a join reads: write `outputs.NAME`, `inputs.NAME` or `globals.NAME`"
    findings.append(Finding(Code.WRONG_REF, message, path))
    return None


def _takes_list(io: V1IO) -> bool:
    return bool(io.is_list) or (io.type or "").startswith(("List", "list", "artifacts", "any", "Any"))

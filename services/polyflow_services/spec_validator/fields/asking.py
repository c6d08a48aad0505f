"""What operations ask about other runs: their joins, and refs to `runs.UUID`, as questions of the plan."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from polyflow_services.spec_validator.links.refs import Bindings, Bound
from polyflow_shared.language import pql
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import V1Join, V1Operation, known
from polyflow_shared.read_model.search import not_kept
from polyflow_topics.names import OperationName
from polyflow_topics.plan import Found
from polyflow_topics.queries import Question

_UNREAD: Final = ("connection",)
"""Fields of a join's params that are not carried out."""


_LEFT: Final = frozenset({"outputs", "artifacts"})
"""What an operation leaves, and nobody has to remember for it."""


def questions_of(bindings: Bindings) -> tuple[Question, ...]:
    """Return the different questions that the names of an operation stand for, with all that they read."""
    entries: dict[Question, dict[str, None]] = {}
    for bound in bindings.values():
        for asked in bound.asked:
            entries.setdefault(asked.question, {})[asked.entry] = None
    return tuple(question.model_copy(update={"entries": tuple(names)}) for question, names in entries.items())


def found_of(bound: Bound, questions: Sequence[Question]) -> tuple[Found, ...]:
    """Return which answers a name stands for.

    Args:
        bound: what it stands for.
        questions: those of its operation.
    """
    places = {question.model_copy(update={"entries": ()}): place for place, question in enumerate(questions)}
    found = [(places[asked.question], asked.entry) for asked in bound.asked]
    return tuple(Found(question=place, entry=questions[place].entries.index(entry)) for place, entry in found)


def placed(questions: Sequence[Question], name: str, *, trial: bool) -> tuple[Question, ...]:
    """Return questions with the scoped names of the DAGs and matrices that they are about.

    Args:
        questions: with names of siblings.
        name: the scoped name of the operation that asks.
        trial: whether that is a trial of a matrix, whose siblings are the matrix's.
    """
    around = name.rpartition(".")[0]
    around = around.rpartition(".")[0] if trial else around
    prefix = f"{around}." if around else ""
    return tuple(
        question.model_copy(update={"within": OperationName(prefix + question.within)})
        if question.within
        else question
        for question in questions
    )


def read_by_others(bindings: Mapping[int, Bindings]) -> frozenset[int]:
    """Return the operations whose inputs or times others read."""
    sources = (bound.source for names in bindings.values() for bound in names.values())
    return frozenset(source.operation for source in sources if source and source.of not in _LEFT)


def unsupported_joins(operation: V1Operation, path: Path) -> Iterator[Finding]:
    """Yield what the joins of an operation have that cannot be carried out yet.

    Args:
        operation: one layer.
        path: where it stands.
    """
    for index, join in enumerate(known(operation.joins) or ()):
        yield from _unsupported(join, (*path, "joins", index))


def _unsupported(join: V1Join, path: Path) -> Iterator[Finding]:
    for name, text in (("query", join.query), ("sort", join.sort or "")):
        try:
            fields = not_kept(**{name: text})
        except pql.PqlError:  # said by what checks queries
            continue
        for field in fields:
            yield Finding(Code.NOT_YET, f"runs cannot be found by `{field}` yet", (*path, name))
    for name, param in (known(join.params) or {}).items():
        for unread in _UNREAD:
            if getattr(param, unread):
                alias = type(param).model_fields[unread].alias or unread
                place = (*path, "params", name, alias)
                yield Finding(Code.NOT_YET, f"`{alias}` of a join is not supported yet", place, at_key=True)

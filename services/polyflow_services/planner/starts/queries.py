"""The gate of operations that ask about other runs: joins, and refs to `runs.UUID`.

The question goes to who owns the read model, behind all events of the run so far; the operation is held until
the answer is in the inbox.  An answer counts once, so that every attempt has the same values.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from pydantic import JsonValue

from polyflow_services.planner.ends.endings import End, finish
from polyflow_services.planner.rows import kept, keys
from polyflow_services.planner.rows.state import OperationRow
from polyflow_services.planner.starts import gates
from polyflow_services.planner.turn import Turn
from polyflow_services.planner.values.params import (
    ParamError,
    context_of,
    fitting,
    rendered_params,
    values_of,
)
from polyflow_shared.language.expressions.names import RenderedParam
from polyflow_topics.message import Values
from polyflow_topics.plan import Found, PlannedAsking, PlannedOperation, PlannedParam
from polyflow_topics.queries import Answer, Question, RunsFound, RunsQueried
from polyflow_topics.status import Status

QUERY_INVALID: Final = "QueryInvalid"

Asking = PlannedOperation | PlannedAsking
"""What has questions, and params that are made of the answers."""


class _QueryError(Exception):
    """A question cannot be asked; the message is for the user."""


def answered(turn: Turn, index: int, operation: OperationRow) -> bool:
    """Let an operation pass whose questions have answers; ask them otherwise, and hold it."""
    if not operation.asks:
        return True
    row = turn.find(keys.answers_key(turn.run, index))
    if row is None:
        turn.put(keys.answers_key(turn.run, index), kept.AnswersRow())
        ask(turn, index)
        return False
    return not row.waiting


def waits(turn: Turn, index: int) -> bool:
    """Tell whether an operation is held because there is no answer yet."""
    row = turn.operation(index)
    if not row.asks or row.status is not Status.CREATED:
        return False
    answers = turn.find(keys.answers_key(turn.run, index))
    return answers is not None and answers.waiting


def ask(turn: Turn, index: int) -> None:
    """Ask the questions of an operation, also again; end it where they cannot be asked."""
    planned = turn.planned(index)
    end = asked(turn, index, planned, planned.name)
    if end is not None:
        finish(turn, index, end)


def asked(turn: Turn, index: int, asks: Asking, name: str) -> End | None:
    """Ask questions; return how what asks them ends where they cannot be asked.

    Args:
        turn: the decision.
        index: the number of the operation that asks; -1 for the run.
        asks: its questions.
        name: what `globals.name` stands for in their templates.
    """
    head = turn.head()
    try:
        questions = _rendered(turn, asks, name)
    except ParamError as error:
        return gates.end_of(error)
    except _QueryError as error:
        return End(Status.FAILED, QUERY_INVALID, str(error))
    turn.send(
        RunsQueried(
            run=turn.run,
            index=index,
            project=head.project,
            owner=head.owner,
            questions=tuple(questions),
            at=turn.at,
        )
    )
    return None


def take(turn: Turn, event: RunsFound) -> int | None:
    """Take answers in; return the operation that can go on, or None where nobody waits for them."""
    if turn.find_operation(event.index) is None or not waits(turn, event.index):
        return None
    values = read(turn.planned(event.index), event.answers)
    if isinstance(values, End):
        finish(turn, event.index, values)
        return None
    row = kept.AnswersRow(msgspec.Raw(msgspec.json.encode(values)), waiting=False)
    turn.put(keys.answers_key(turn.run, event.index), row)
    return event.index


def read(asks: Asking, answers: Sequence[Answer]) -> Values | End:
    """Return the values of the params that are made of answers, or how what has asked ends without them."""
    for answer in answers:
        if answer.reason:
            return End(Status.FAILED, answer.reason, answer.message)
    try:
        return {param.name: _value(param, asks.questions, answers) for param in asks.params if param.found}
    except ParamError as error:
        return gates.end_of(error)


def _value(param: PlannedParam, questions: Sequence[Question], answers: Sequence[Answer]) -> JsonValue:
    parts = [answers[found.question].values[found.entry] for found in param.found]
    if not questions[param.found[0].question].run:
        return fitting(param, [value for part in parts for value in part], of="the runs that were found")
    if parts[0]:
        return fitting(param, parts[0][0], of=f"the run {questions[param.found[0].question].run}")
    if param.required:
        raise ParamError(_lacking(param, questions, param.found[0]))
    return param.value


def _lacking(param: PlannedParam, questions: Sequence[Question], found: Found) -> str:
    question = questions[found.question]
    return f"param {param.name!r}: the run {question.run} has no {question.entries[found.entry]}"


def _rendered(turn: Turn, asks: Asking, name: str) -> list[Question]:
    if not any(_templated(question) for question in asks.questions):
        return list(asks.questions)
    known = [param for param in asks.params if not param.found]
    params = rendered_params(known, values_of(known, turn.upstream))
    context = context_of(turn.head(), turn.run, name)
    return [_filled_in(question, params, context) for question in asks.questions]


def _templated(question: Question) -> bool:
    texts = (question.query, question.sort, question.limit, question.offset)
    return any(isinstance(text, str) and "{" in text for text in texts)


def _filled_in(
    question: Question, params: Mapping[str, RenderedParam], context: Mapping[str, JsonValue]
) -> Question:
    # Jinja takes 50 ms to import, which a pipeline without templates need not wait for.
    from polyflow_shared.language.expressions.templates import TemplateError, names_of, render_value  # noqa: PLC0415

    names = names_of(params, context)

    def text(template: str) -> str:
        value = render_value(template, names)
        return "" if value is None else str(value)

    def number(field: str, value: int | str | None) -> int | None:
        made: Any = render_value(value, names) if isinstance(value, str) else value
        if made is None or (isinstance(made, int) and not isinstance(made, bool)):
            return made
        try:
            return int(str(made))
        except ValueError:
            raise _QueryError(f"`{field}` of a join is a whole number, and not {made!r}") from None

    try:
        return question.model_copy(
            update={
                "query": text(question.query),
                "sort": text(question.sort),
                "limit": number("limit", question.limit),
                "offset": number("offset", question.offset),
            }
        )
    except TemplateError as error:
        raise _QueryError(f"query `{question.query[:200]}`: {error}") from error

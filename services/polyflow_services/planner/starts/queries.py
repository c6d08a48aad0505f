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
from polyflow_services.planner.turn import Turn
from polyflow_services.planner.values.params import (
    ParamError,
    UpstreamSkippedError,
    context_of,
    fitting,
    rendered_params,
    values_of,
)
from polyflow_shared.language.expressions.names import RenderedParam
from polyflow_topics.message import Values
from polyflow_topics.plan import Found, PlannedOperation, PlannedParam
from polyflow_topics.queries import Answer, Question, RunsFound, RunsQueried
from polyflow_topics.status import Status

PARAM_INVALID: Final = "ParamInvalid"
QUERY_INVALID: Final = "QueryInvalid"


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
    head = turn.head()
    try:
        questions = _rendered(turn, planned)
    except UpstreamSkippedError as error:
        finish(turn, index, End(Status.SKIPPED, "UpstreamSkipped", str(error)))
    except ParamError as error:
        finish(turn, index, End(Status.FAILED, PARAM_INVALID, str(error)))
    except _QueryError as error:
        finish(turn, index, End(Status.FAILED, QUERY_INVALID, str(error)))
    else:
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


def take(turn: Turn, event: RunsFound) -> int | None:
    """Take answers in; return the operation that can go on, or None where nobody waits for them."""
    if turn.find_operation(event.index) is None or not waits(turn, event.index):
        return None
    planned = turn.planned(event.index)
    try:
        values = _values(planned, event.answers)
    except ParamError as error:
        finish(turn, event.index, End(Status.FAILED, PARAM_INVALID, str(error)))
        return None
    except _NoAnswerError as error:
        finish(turn, event.index, End(Status.FAILED, error.answer.reason, error.answer.message))
        return None
    row = kept.AnswersRow(msgspec.Raw(msgspec.json.encode(values)), waiting=False)
    turn.put(keys.answers_key(turn.run, event.index), row)
    return event.index


class _NoAnswerError(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.message)
        self.answer = answer


def _values(planned: PlannedOperation, answers: Sequence[Answer]) -> Values:
    """Return the values of the params that are made of answers, checked against their types."""
    for answer in answers:
        if answer.reason:
            raise _NoAnswerError(answer)
    return {param.name: _value(param, planned.questions, answers) for param in planned.params if param.found}


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


def _rendered(turn: Turn, planned: PlannedOperation) -> list[Question]:
    if not any(_templated(question) for question in planned.questions):
        return list(planned.questions)
    known = [param for param in planned.params if not param.found]
    params = rendered_params(known, values_of(known, turn.upstream))
    context = context_of(turn.head(), turn.run, planned.name)
    return [_filled_in(question, params, context) for question in planned.questions]


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

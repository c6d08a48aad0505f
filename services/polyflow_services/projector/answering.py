"""Questions that operations have about other runs, answered from the read model.

A question is read behind all that its run has said before, so the model knows of that run what the planner
knew when it asked.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
from pydantic import JsonValue

from polyflow_shared.language.pql import PqlError
from polyflow_shared.read_model.port import ReadModelReader
from polyflow_shared.read_model.search import Search
from polyflow_shared.read_model.views import Entry, moment_text
from polyflow_topics.names import operation_id, project_id
from polyflow_topics.pods import ARTIFACTS, RUNS_VARIABLE
from polyflow_topics.queries import Answer, Question, RunsFound, RunsQueried

MAX_ANSWERS: Final = 256 * 1024
"""Bytes of all that is found for one operation, as JSON: it is kept by the planner, and goes to the pod."""


def answer(model: ReadModelReader, asked: RunsQueried) -> RunsFound:
    """Return the answers to an operation's questions.

    Raises:
        ReadModelUnavailableError: try again later.
    """
    answers, room = list[Answer](), MAX_ANSWERS
    for question in asked.questions:
        found = _answer(model, asked, question)
        room -= len(msgspec.json.encode(found.values))
        if room < 0:
            message = f"what was found is larger than {MAX_ANSWERS // 1024} KiB; `limit` makes it smaller"
            found = Answer(reason="TooMuchFound", message=message)
        answers.append(found)
    return RunsFound(run=asked.run, index=asked.index, answers=tuple(answers))


def _answer(model: ReadModelReader, asked: RunsQueried, question: Question) -> Answer:
    if question.run:
        return _of_one(model, asked, question)
    wrong = next(_out_of_range(question), None)
    if wrong is not None:
        return Answer(reason="QueryInvalid", message=wrong)
    search = Search(
        query=question.query,
        sort=question.sort,
        project=asked.project,
        owner=asked.owner,
        pipeline=operation_id(asked.run, question.within) if question.within else None,
        limit=None if question.limit is None else int(question.limit),
        offset=int(question.offset or 0),
    )
    try:
        entries = list(model.search(search))
    except PqlError as error:
        hint = f"; {error.hint}" if error.hint else ""
        # Of a run that ends for it only the beginning of a long message is kept.
        message = f"{error}{hint}; the query is `{question.query[:200]}`"
        return Answer(reason="QueryInvalid", message=message)
    return Answer(
        values=tuple(tuple(next(_read(entry, name), None) for entry in entries) for name in question.entries)
    )


def _out_of_range(question: Question) -> Iterator[str]:
    for name, value in (("limit", question.limit), ("offset", question.offset)):
        if value is not None and int(value) < 0:
            yield f"`{name}` of a join is below 0: {value}"


def _of_one(model: ReadModelReader, asked: RunsQueried, question: Question) -> Answer:
    """Return what is read of one run, or operation: a list of one value, empty where it has none."""
    found = next(iter(model.search(Search(query=f"uuid: '{question.run}'"))), None)
    if found is None:
        message = f"there is no run {question.run} in the project `{asked.project}`"
        return Answer(reason="RunNotFound", message=message)
    if (found.project, found.owner) != (asked.project, asked.owner):
        message = f"the run {question.run} is not of the project `{asked.project}` of `{asked.owner}`"
        return Answer(reason="RunOfOtherProject", message=message)
    return Answer(values=tuple(tuple(_read(found, name)) for name in question.entries))


def _read(entry: Entry, name: str) -> Iterator[JsonValue]:
    """Yield an entry's value, if it has one."""
    group, _, key = name.partition(".")
    if group == ARTIFACTS:
        yield from _artifact(entry, key)
        return
    values = _groups(entry)[group]
    if not key:
        yield values
    elif key in values:
        yield values[key]


_LEAVING: Final = frozenset({"job", "service"})
"""What has artifacts of its own; a DAG has not."""


def _artifact(entry: Entry, path: str) -> Iterator[str]:
    """Yield where the last attempt of an operation has left something, on the machine where it ran."""
    if entry.attempts and entry.kind in _LEAVING:
        folder = f"{entry.run}/operations/{entry.operation}/{entry.attempts - 1}/artifacts"
        yield f"$({RUNS_VARIABLE})/{folder}/{path}".rstrip("/")


def _groups(entry: Entry) -> dict[str, dict[str, JsonValue]]:
    return {
        "inputs": entry.inputs,
        "outputs": entry.outputs,
        "io": {"inputs": entry.inputs, "outputs": entry.outputs},
        "globals": {name: value for name, value in _globals(entry).items() if value is not None},
    }


def _globals(entry: Entry) -> dict[str, JsonValue]:
    whole = f"{entry.owner}.{entry.project}"
    began, ended = entry.started_at, entry.finished_at
    return {
        "uuid": entry.id,
        "name": entry.name,
        "status": entry.status,
        "owner_name": entry.owner,
        "project_name": entry.project,
        "project_unique_name": whole,
        "project_uuid": project_id(entry.owner, entry.project),
        "run_info": f"{whole}.runs.{entry.run}",
        "created_at": moment_text(entry.created_at),
        "compiled_at": moment_text(entry.created_at),
        "started_at": moment_text(began),
        "finished_at": moment_text(ended),
        "duration": (ended - began).total_seconds() if began and ended else None,
        "is_independent": entry.pipeline is None,
    }

"""What the read model answers to the questions of operations."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from polyflow_services.projector.answering import MAX_ANSWERS, answer
from polyflow_services.projector.core import project
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_topics.names import OperationName, RunId, operation_id
from polyflow_topics.queries import Answer, Question, RunsQueried
from tests.unit.read_model.test_search import START, STORY, SWEEP


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteReadModel]:
    made = SqliteReadModel.open(Path(tmp_path_factory.mktemp("history")) / "history.db")
    made.apply(project(STORY))
    yield made
    made.close()


def asked(*questions: Question, project: str = "vision", owner: str = "default") -> RunsQueried:
    return RunsQueried(run=SWEEP, index=5, project=project, owner=owner, questions=questions, at=START)


def job(number: int) -> RunId:
    return RunId(f"0a1b2c3d-0000-5000-8000-00000000000{number}")


CASES = {
    "lists in the order of the sort, null where a run lacks the value": (
        Question(query="name: job%, kind: job", sort="name", entries=("outputs.loss", "globals.name")),
        Answer(values=((0.05, "nan", False, None), ("job1", "job3", "job4", "job5"))),
    ),
    "whole maps": (
        Question(query="name: job1", entries=("inputs", "outputs")),
        Answer(values=(({"lr": 0.1},), ({"loss": 0.05},))),
    ),
    "limit and offset": (
        Question(query="name: job%", sort="name", limit=1, offset=1, entries=("globals.name",)),
        Answer(values=(("job3",),)),
    ),
    "nothing": (Question(query="name: none", entries=("outputs.loss",)), Answer(values=((),))),
    "what is in a matrix of the same run": (
        Question(
            query="status: succeeded", within=OperationName("sweep"), entries=("outputs.loss", "inputs.lr")
        ),
        Answer(values=((0.5, 0.25), (1, 2))),
    ),
    "one run": (Question(run=job(4), entries=("outputs.loss", "outputs.acc")), Answer(values=((False,), ()))),
    "one operation": (
        Question(run=operation_id(SWEEP, "sweep.1"), entries=("outputs.loss", "globals.status")),
        Answer(values=((0.25,), ("succeeded",))),
    ),
    "a run that there is not": (
        Question(run="0a1b2c3d-0000-5000-8000-00000000ffff", entries=("outputs",)),
        Answer(
            reason="RunNotFound",
            message="there is no run 0a1b2c3d-0000-5000-8000-00000000ffff in the project `vision`",
        ),
    ),
    "a run of another project": (
        Question(run=job(2), entries=("outputs",)),
        Answer(
            reason="RunOfOtherProject",
            message=f"the run {job(2)} is not of the project `vision` of `default`",
        ),
    ),
    "a run of another owner": (
        Question(run=job(0), entries=("outputs",)),
        Answer(
            reason="RunOfOtherProject",
            message=f"the run {job(0)} is not of the project `vision` of `default`",
        ),
    ),
    "a negative limit": (
        Question(query="name: a", limit=-1, entries=("outputs",)),
        Answer(reason="QueryInvalid", message="`limit` of a join is below 0: -1"),
    ),
    "a query that cannot be read": (
        Question(query="stats: a", entries=("outputs",)),
        Answer(
            reason="QueryInvalid",
            message="there is no field `stats` (column 1 of the query); did you mean `status`?; "
            "the query is `stats: a`",
        ),
    ),
}


@pytest.mark.parametrize(("question", "wanted"), CASES.values(), ids=CASES)
def test_a_question_is_answered(model: SqliteReadModel, question: Question, wanted: Answer) -> None:
    assert answer(model, asked(question)).answers == (wanted,)


def test_answers_come_in_the_order_of_the_questions(model: SqliteReadModel) -> None:
    questions = [case[0] for case in CASES.values()]
    assert answer(model, asked(*questions)).answers == tuple(case[1] for case in CASES.values())


def test_too_much_is_refused(model: SqliteReadModel) -> None:
    entries = ("inputs",) * (MAX_ANSWERS // 20)
    (found,) = answer(model, asked(Question(query="name: job%", entries=entries))).answers
    assert found.reason == "TooMuchFound"

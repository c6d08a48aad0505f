"""docs/failures.md and the code know the same reasons."""

import re

import pytest

from polyflow_shared.cluster.kubernetes.pods.failures.catalog import REASONS, Stage
from polyflow_shared.observing.metrics import REASONS as LABELS
from tests.contract.failures_page import HEAD, PAGE, WRITTEN, rows, table
from tests.unit.shared.test_metrics import NO_STATUS, words

WORD = re.compile(r"[A-Z][A-Za-z]+")
ANSWERS = NO_STATUS["answers to requests about a run"] | {"Kept"}
HERE = "On this machine"
PLANNER = "What the planner says"
REQUESTS = "Answers to requests"
BY_HAND = rows(PAGE.read_text(), WRITTEN)


@pytest.mark.parametrize("stage", Stage)
def test_the_page_has_each_reason_as_the_code_has_it(stage):
    # Otherwise: python -m tests.contract.failures_page --write
    assert table(stage) in PAGE.read_text()


def test_the_tables_of_kubernetes_have_no_other_reasons():
    told = [word for column in rows(PAGE.read_text(), HEAD).values() for word in column]
    assert sorted(told) == sorted(REASONS)


def test_each_table_is_of_one_of_the_two_forms():
    told = [
        word
        for head in (HEAD, WRITTEN)
        for column in rows(PAGE.read_text(), head).values()
        for word in column
    ]
    assert len(told) == len([line for line in PAGE.read_text().splitlines() if line.startswith("| `")])
    assert set(BY_HAND) == {HERE, PLANNER, REQUESTS}


def test_each_reason_of_a_status_that_is_not_of_kubernetes_has_one_row():
    told = BY_HAND[HERE] + BY_HAND[PLANNER]
    assert sorted(told) == sorted(LABELS - set(REASONS) - {""} | {"EngineGone"})


def test_each_reason_of_an_answer_has_one_row():
    assert sorted(BY_HAND[REQUESTS]) == sorted(ANSWERS)


def test_what_is_said_on_this_machine_is_said_by_its_clusters_or_by_the_history():
    assert set(BY_HAND[HERE]) - words("shared/polyflow_shared/cluster", "polyflow/history.py") == set()


@pytest.mark.parametrize("reason", REASONS.values(), ids=REASONS)
def test_a_reason_is_a_word_with_its_sentences(reason):
    assert WORD.fullmatch(reason.word)
    assert reason.when
    assert reason.remedy
    assert not reason.when.endswith(".")
    assert not reason.remedy.endswith(".")
    assert "|" not in reason.when + reason.remedy

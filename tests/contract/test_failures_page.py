"""docs/failures.md and the code know the same reasons."""

import re

import pytest

from polyflow_shared.cluster.kubernetes.pods.failures.catalog import REASONS, Stage
from tests.contract.failures_page import PAGE, table

WORD = re.compile(r"[A-Z][A-Za-z]+")


@pytest.mark.parametrize("stage", Stage)
def test_the_page_has_each_reason_as_the_code_has_it(stage):
    # Otherwise: python -m tests.contract.failures_page --write
    assert table(stage) in PAGE.read_text()


def test_the_page_has_no_other_reasons():
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert len(rows) == len(REASONS)


@pytest.mark.parametrize("reason", REASONS.values(), ids=REASONS)
def test_a_reason_is_a_word_with_its_sentences(reason):
    assert WORD.fullmatch(reason.word)
    assert reason.when
    assert reason.remedy
    assert not reason.when.endswith(".")
    assert not reason.remedy.endswith(".")
    assert "|" not in reason.when + reason.remedy

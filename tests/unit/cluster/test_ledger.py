from dataclasses import replace
from datetime import UTC, datetime

import pytest

from polyflow_shared.cluster.local.ledger import ClusterTakenError, Known, Ledger, Process
from polyflow_shared.cluster.port import PodReport
from polyflow_topics.names import OperationName, PodName, RunId
from polyflow_topics.status import PodStatus

AT = datetime(2026, 1, 1, tzinfo=UTC)
A = PodReport(PodName("a"), RunId("r"), OperationName("train"), 0, 0, PodStatus.RUNNING, AT)
B = replace(A, name=PodName("b"))
ENDED = replace(
    A, status=PodStatus.FAILED, reason="Error", message="é\nx", exit_code=3, outputs={"n": 0, "m": None}
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "pods.jsonl"


@pytest.fixture
def ledger(path):
    ledger = Ledger(path)
    yield ledger
    ledger.close()


def test_the_last_report_counts(ledger):
    ledger.pod(A)
    ledger.process(A.name, Process(12, 345))
    ledger.pod(B)
    ledger.pod(ENDED)
    assert ledger.known().reports == {"a": ENDED, "b": B}
    assert ledger.known().processes == {"a": Process(12, 345)}


def test_what_was_released_is_forgotten(ledger):
    ledger.pod(A)
    ledger.process(A.name, Process(12, 345))
    ledger.released(A.name, AT)
    assert ledger.known().reports == ledger.known().processes == {}
    assert ledger.known().released == {"a": AT}


def test_a_pod_that_never_began_was_not_released(ledger):
    ledger.pod(A)
    ledger.released(A.name, None)
    assert ledger.known() == Known()


def test_a_line_that_was_cut_short_did_not_happen(ledger, path):
    ledger.pod(A)
    with open(path, "a") as file:
        file.write('{"released": "a"')
    assert ledger.known().reports == {"a": A}


def test_it_is_written_anew_without_what_was_released_and_stays_locked(ledger, path):
    due = False
    while not due:
        ledger.pod(B)
        due = ledger.released(B.name, AT)
    ledger.pod(A)
    before = path.stat().st_size
    ledger.rewrite(ledger.known())
    assert path.stat().st_size < before / 1000
    ledger.pod(ENDED)
    assert ledger.known().reports == {"a": ENDED}
    with pytest.raises(ClusterTakenError):
        Ledger(path)


def test_one_at_a_time_may_use_it(ledger, path):
    with pytest.raises(ClusterTakenError):
        Ledger(path)

"""What fault tests conclude from logs and from the read model."""

import random
from collections import Counter
from pathlib import Path

import pytest

from polyflow_topics.names import RunId
from tests.faults.killing import EFFECTORS, assert_taken_over, assert_work_shared, takeovers
from tests.faults.measuring import measured
from tests.faults.read_model import differences
from tests.testbed.processes import free_ports
from tests.testbed.services import Services

RUN = RunId("r1")
TAKEN = '{"event": "partition_taken_over"}\n'
HANDLED = '{"event": "message_handled"}\n'


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return Services(tmp_path, {}, "")


def test_takeovers_are_counted_by_replica(services: Services):
    services.log("planner-0").write_text(TAKEN * 2)
    services.log("planner-1").write_text("")
    assert takeovers(services, "planner-0", "planner-1", "planner-2") == {"planner-0": 2, "planner-1": 0}


def test_who_took_nothing_over_since_then_is_named(services: Services):
    services.log("planner-0").write_text(TAKEN * 3)
    services.log("planner-1").write_text(TAKEN)
    assert_taken_over(services, Counter({"planner-0": 2}), "planner-0", "planner-1")
    with pytest.raises(AssertionError, match="planner-0, planner-2 took nothing over"):
        assert_taken_over(services, Counter({"planner-0": 3}), "planner-0", "planner-1", "planner-2")


def test_work_is_shared_when_two_replicas_of_each_effector_have_handled_something(services: Services):
    for service in EFFECTORS:
        for replica in range(2):
            services.log(f"{service}-{replica}").write_text(HANDLED)
    assert_work_shared(services)
    services.log(f"{EFFECTORS[0]}-1").write_text("")
    with pytest.raises(AssertionError, match=f"of {EFFECTORS[0]} these have handled nothing"):
        assert_work_shared(services)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ({RUN: {"": "failed", "a": "failed", "b": "created"}}, []),
        ({}, ["r1 is not shown"]),
        ({RUN: {"": "running", "a": "failed"}}, ["r1 -: shown running, said failed"]),
        ({RUN: {"": "failed"}}, ["r1 a: shown None, said failed"]),
    ],
)
def test_what_is_shown_otherwise_than_said_is_told(shown, expected):
    assert list(differences({RUN: {"": "failed", "a": "failed"}}, shown)) == expected


def test_an_operation_that_measures_ends_by_its_policy_alone():
    text = measured(random.Random(1))
    assert '"name": "measures"' in text
    assert "earlyStopping" in text


def test_a_port_is_given_to_one_server_only_though_none_listens_yet():
    given = [*free_ports(300), *free_ports(300)]
    assert len(set(given)) == len(given)

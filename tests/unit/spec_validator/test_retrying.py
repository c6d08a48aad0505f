"""What a specification says of further attempts, as it is planned and as it is refused."""

import json

import pytest

from polyflow_services.spec_validator.checked import check
from polyflow_topics.plan import Backoff, FailureRule, PlanPart
from tests.benchmarks.engine import plan_of


def planned(termination: dict[str, object]):
    job = {"kind": "job", "container": {"command": ["true"]}}
    _, part, _ = plan_of({"name": "a", "run": job, "termination": termination}, "retrying")
    assert isinstance(part, PlanPart)
    return part.operations[0]


# what is written: what is planned
BACKOFFS = {
    "nothing": ({}, Backoff()),
    "fixed": ({"kind": "fixed", "delay": 3}, Backoff(kind="fixed", delay=3)),
    "exponential": ({"delay": 0.5, "maxDelay": 20}, Backoff(delay=0.5, limit=20)),
}


@pytest.mark.parametrize(("written", "expected"), BACKOFFS.values(), ids=BACKOFFS)
def test_a_backoff_is_planned_as_it_is_written(written, expected):
    assert planned({"maxRetries": 2, "backoff": written} if written else {}).backoff == expected


def test_a_policy_is_planned_rule_by_rule():
    rules = [
        {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [143]}},
        {"action": "FailJob", "onExitCodes": {"operator": "NotIn", "values": [1, 2]}},
        {"action": "Count", "onPodConditions": [{"type": "DisruptionTarget"}]},
    ]
    assert planned({"podFailurePolicy": {"rules": rules}}).failure_rules == (
        FailureRule(action="ignore", exit_codes=(143,)),
        FailureRule(action="fail", exit_codes=(1, 2), other=True),
        FailureRule(action="count"),
    )


CODES = {"operator": "In", "values": [1]}
# a rule: (code, where, what is said)
REFUSED = {
    "an action that there is not": (
        {"action": "Ignor", "onExitCodes": CODES},
        ("PF2004", "action", "there is no action `Ignor`"),
    ),
    "an action for indexed jobs": (
        {"action": "FailIndex", "onExitCodes": CODES},
        ("PF2005", "action", "not supported yet"),
    ),
    "another condition": (
        {"action": "Ignore", "onPodConditions": [{"type": "ConfigIssue"}]},
        ("PF2005", "onPodConditions[0].type", "another condition than `DisruptionTarget`"),
    ),
    "another container": (
        {"action": "Ignore", "onExitCodes": {**CODES, "containerName": "x"}},
        ("PF2005", "onExitCodes.containerName", "main container"),
    ),
    "an operator that there is not": (
        {"action": "Ignore", "onExitCodes": {"operator": "Inn", "values": [1]}},
        ("PF2004", "onExitCodes.operator", "there is no operator `Inn`"),
    ),
    "no exit code": (
        {"action": "Ignore", "onExitCodes": {"operator": "In", "values": []}},
        ("PF6006", "onExitCodes.values", "names no exit code"),
    ),
    "neither codes nor conditions": ({"action": "Ignore"}, ("PF6006", "", "either")),
    "a template": (
        {"action": "Ignore", "onExitCodes": {"operator": "In", "values": ["{{ x }}"]}},
        ("PF2005", "onExitCodes.values[0]", "template"),
    ),
}


@pytest.mark.parametrize(("rule", "expected"), REFUSED.values(), ids=REFUSED)
def test_a_rule_that_cannot_be_carried_out_is_named(rule, expected):
    text = {
        "run": {"kind": "job", "container": {"command": ["true"]}},
        "termination": {"podFailurePolicy": {"rules": [rule]}},
    }
    checked = check(json.dumps(text), file="a.yaml")
    code, where, said = expected
    path = "termination.podFailurePolicy.rules[0]" + (f".{where}" if where else "")
    found = [one for one in (*checked.errors, *checked.warnings) if (one.code, one.path) == (code, path)]
    assert found, (checked.errors, checked.warnings)
    assert said in found[0].message


@pytest.mark.parametrize("field", ["delay", "maxDelay"])
def test_a_delay_that_makes_no_sense_is_told(field):
    text = {
        "run": {"kind": "job", "container": {"command": ["true"]}},
        "termination": {"backoff": {field: -1}},
    }
    checked = check(json.dumps(text), file="a.yaml")
    told = [(one.code, one.path) for one in (*checked.errors, *checked.warnings)]
    assert ("PF6003", f"termination.backoff.{field}") in told

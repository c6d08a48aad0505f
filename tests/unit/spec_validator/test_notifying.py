"""Notifications of `plugins`: planned as hooks, refused with what to write where nothing can be sent."""

import json

import pytest

from polyflow_services.spec_validator.core import Installation
from polyflow_shared.declared.connections.catalogue import read
from polyflow_shared.language.references import NOTIFIERS, mentions
from polyflow_shared.references.fetching import Fetcher, Places
from polyflow_topics.names import THE_RUN
from polyflow_topics.plan import PlanPart
from tests.unit.spec_validator.requests import problems, record, validate

CATALOGUE = read(
    """
connections:
- {name: team, kind: slack, schema: {url: https://hooks.example.org/x}}
- {name: matters, kind: mattermost}
- {name: ops, kind: webhook, projects: [vision]}
- {name: post, kind: email}
- {name: pager, kind: pagerduty}
""",
    "connections.yaml",
)
JOB = "run: {kind: job, container: {image: a, command: [b]}}"


def ask(text, **fields):
    body = json.dumps({"specification": text, **fields}).encode()
    installation = Installation(connections=CATALOGUE)
    return validate(record(body), installation=installation, fetch=Fetcher(Places()))


def hooks(text, **fields):
    parts = [message for message in ask(text, **fields) if isinstance(message, PlanPart)]
    return [
        (hook.owner, hook.place, hook.trigger, hook.specification) for part in parts for hook in part.hooks
    ]


def told(component, connection):
    return {"hubRef": component, "connections": [connection]}


def test_each_connection_of_a_notification_is_a_hook():
    text = f"plugins: {{notifications: [{{connections: [team, post], trigger: failed}}, {{connections: [matters], trigger: done}}]}}\n{JOB}"
    assert hooks(text) == [
        (THE_RUN, 0, "failed", told("notify/slack", "team")),
        (THE_RUN, 1, "failed", told("notify/email", "post")),
        (THE_RUN, 2, None, told("notify/slack", "matters")),
    ]


def test_notifications_come_after_hooks():
    text = f"hooks: [{{hubRef: notify/webhook, params: {{url: {{value: x}}}}}}]\nplugins: {{notifications: [{{connections: [team]}}]}}\n{JOB}"
    assert [(place, one["hubRef"]) for _, place, _, one in hooks(text)] == [
        (0, "notify/webhook"),
        (1, "notify/slack"),
    ]


def test_those_of_a_dag_are_about_the_dag_and_those_of_an_operation_about_that():
    inner = "plugins: {notifications: [{connections: [post]}]}"
    text = (
        "plugins: {notifications: [{connections: [team]}]}\n"
        f"run: {{kind: dag, operations: [{{name: a, {JOB}}}, {{name: b, {inner}, {JOB}}}]}}"
    )
    assert hooks(text) == [
        (THE_RUN, 0, None, told("notify/slack", "team")),
        (1, 0, None, told("notify/email", "post")),
    ]


def test_a_component_of_a_hub_may_have_them():
    text = "kind: component\nplugins: {notifications: [{connections: [team]}]}\n" + JOB
    body = {"references": [{"name": "hubRef mine:latest", "text": text}]}
    assert hooks("hubRef: mine", **body) == [(THE_RUN, 0, None, told("notify/slack", "team"))]


REFUSED = {
    "a connection that there is not": (
        "connections: [tema]",
        "there is no connection `tema`",
        "connections[0]",
    ),
    "one of another project": (
        "connections: [ops]",
        "has no access to the connection `ops`",
        "connections[0]",
    ),
    "one that nothing notifies": ("connections: [team, pager]", "of kind `pagerduty`", "connections[1]"),
    "a status before the end": (
        "connections: [team], trigger: running",
        "`running` is not supported",
        "trigger",
    ),
}


@pytest.mark.parametrize(("said", "message", "place"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_notified_is_refused(said, message, place):
    (found,) = problems(ask(f"plugins: {{notifications: [{{{said}}}]}}\n{JOB}"))
    assert message in found.message
    assert found.path == f"plugins.notifications[0].{place}"


def test_other_plugins_are_refused_by_name():
    (found,) = problems(ask(f"plugins: {{shm: true, notifications: []}}\n{JOB}"))
    assert (found.code, found.path) == ("PF2005", "plugins.shm")


def test_all_notifiers_are_collected():
    found = mentions({"plugins": {"notifications": [{"connections": ["team"]}]}})
    assert {*NOTIFIERS.values()} == {mention.text for mention in found}

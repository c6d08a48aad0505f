"""What is deployed is what there is: every service, and of its metrics only those that it has."""

import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from jsonschema import Draft7Validator

from examples.kafka import demo
from polyflow.cli.installation.serve import SERVICES
from polyflow_shared.declared import queues
from polyflow_shared.declared.catalogues import CatalogueError
from polyflow_shared.declared.connections import catalogue as connections
from polyflow_shared.declared.connections.models import Connection, Kind, Resource, Schema
from polyflow_shared.declared.queues import Queue
from polyflow_shared.hosting.settings import ProcessSettings
from polyflow_shared.language.kubernetes.table import table
from polyflow_shared.observing.metrics import CATALOG, HANDLED
from tests.contract.test_shape import ROOT
from tests.testbed.services import CLUSTER, ENGINE

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SCHEMA: dict[str, Any] = json.loads((DEPLOY / "helm/polyflow/values.schema.json").read_text())
VALUES: dict[str, Any] = yaml.safe_load((DEPLOY / "helm/polyflow/values.yaml").read_text())
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana/dashboards/polyflow.json").read_text())
ALERTS: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())
SERIES = {
    name
    for metric in CATALOG
    for name in (
        [metric.name]
        if metric.kind != "histogram"
        else [f"{metric.name}_{part}" for part in ("bucket", "sum", "count")]
    )
}
READERS = {"queues": queues.read, "connections": connections.read}
"""Who reads a catalogue, by the value that it is."""
WITH_METRICS = set(SERVICES) - {"process_cluster"}
"""The process cluster serves no page."""


def expressions() -> Iterator[tuple[str, str]]:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for group in ALERTS["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


def named(expression: str) -> set[str]:
    return set(re.findall(r"\bpolyflow_\w+", expression))


def known() -> set[str]:
    """Return the variables that some service reads."""
    settings = [
        cls
        for service in SERVICES.values()
        for cls in vars(import_module(service)).values()
        if isinstance(cls, type) and issubclass(cls, ProcessSettings)
    ]
    assert len(settings) >= len(SERVICES)
    return {f"POLYFLOW_{name.upper()}" for cls in settings for name in cls.model_fields}


SAID = {
    "the image": (DEPLOY / "Dockerfile", r"(POLYFLOW_\w+)="),
    "docker-compose.yml": (ROOT / "docker-compose.yml", r"^ +(POLYFLOW_\w+):"),
    "the chart": (DEPLOY / "helm/polyflow/templates/services.yaml", r"name: (POLYFLOW_\w+)"),
    "the chart's connection": (DEPLOY / "helm/polyflow/templates/_helpers.tpl", r"name: (POLYFLOW_\w+)"),
    "values with SASL and TLS": (ROOT / "tests/deploy/values/production.yaml", r"(POLYFLOW_\w+):"),
    "the page on Kafka's security": (DEPLOY / "README.md", r"`(POLYFLOW_KAFKA_(?!PORT)\w+)`"),
}


@pytest.mark.parametrize("place", SAID)
def test_every_variable_is_read_by_somebody(place):
    path, pattern = SAID[place]
    said = set(re.findall(pattern, path.read_text(), re.MULTILINE))
    assert said
    assert said - known() == set()


def test_docker_compose_runs_every_service():
    commands = {
        each["command"][1] for each in COMPOSE["services"].values() if each.get("command", [""])[0] == "serve"
    }
    assert commands == set(SERVICES)


def test_the_chart_runs_every_service_but_the_process_cluster():
    assert {name.replace("-", "_") for name in VALUES["services"]} == WITH_METRICS


def test_the_chart_takes_the_variables_that_services_read():
    ours = SCHEMA["definitions"]["variable"]["anyOf"][1]["enum"]
    assert set(ours) == known()


CATALOGUES = {"queue": Queue, "connection": Connection, "place": Schema, "resource": Resource}
"""The models of entries by what the chart's schema calls them."""


@pytest.mark.parametrize("definition", CATALOGUES)
def test_the_chart_takes_the_fields_that_catalogues_have(definition: str):
    model = CATALOGUES[definition].model_json_schema(by_alias=True)
    ours = SCHEMA["definitions"][definition]
    assert set(ours["properties"]) == set(model["properties"])
    assert ours.get("required") == model.get("required")
    assert ours["additionalProperties"] is model["additionalProperties"] is False


def test_the_chart_takes_the_variables_of_connections_as_kubernetes_writes_them():
    ours = SCHEMA["definitions"]["connection"]["properties"]["env"]["items"]
    assert set(ours["properties"]) == set(table()["V1EnvVar"])


ENTRIES: dict[str, dict[str, Any]] = {
    **{f"a {kind} of a name alone": {"connections": [{"name": "a", "kind": kind}]} for kind in get_args(Kind)},
    **{
        f"a {kind} with all that any needs": {
            "connections": [
                {
                    "name": "a",
                    "kind": kind,
                    "schema": {"bucket": "b", "volumeClaim": "c", "hostPath": "/h", "mountPath": "/m", "url": "u"},
                }
            ]
        }
        for kind in get_args(Kind)
    },
    "a kind that there is not": {"connections": [{"name": "a", "kind": "s4"}]},
    "a path that begins nowhere": {"connections": [{"name": "a", "kind": "ssh", "schema": {"mountPath": "m"}}]},
    "a secret that is a word": {"connections": [{"name": "a", "kind": "ssh", "secret": "keys"}]},
    "a mode": {"connections": [{"name": "a", "kind": "ssh", "secret": {"name": "s", "defaultMode": 0o777}}]},
    "a mode that there is not": {
        "connections": [{"name": "a", "kind": "ssh", "secret": {"name": "s", "defaultMode": 0o1000}}]
    },
    "a variable without a name": {"connections": [{"name": "a", "kind": "ssh", "env": [{"value": "v"}]}]},
    "a variable that is a number": {
        "connections": [{"name": "a", "kind": "ssh", "env": [{"name": "v", "value": 1}]}]
    },
    "an annotation that is a number": {"connections": [{"name": "a", "kind": "ssh", "annotations": {"a": 1}}]},
    "projects with commas": {"queues": [{"name": "a", "projects": "b,c"}]},
    "a queue with everything": {
        "queues": [
            {
                "name": "a",
                "description": "b",
                "cluster": "c",
                "namespace": "d",
                "priority": -1,
                "limit": 1,
                "presets": ["e"],
                "kueue": "f",
                "projects": None,
            }
        ]
    },
    "a limit of none": {"queues": [{"name": "a", "limit": 0}]},
    "a limit that is a text": {"queues": [{"name": "a", "limit": "1"}]},
    "a priority of a half": {"queues": [{"name": "a", "priority": 0.5}]},
    "a priority that is null": {"queues": [{"name": "a", "priority": None}]},
    "a queue of the default's name": {"queues": [{"name": "default"}]},
    "a queue in a cluster": {"queues": [{"name": "a/b"}]},
    "a queue without a name": {"queues": [{"limit": 1}]},
}  # fmt: skip


@pytest.mark.parametrize("case", ENTRIES)
def test_the_chart_takes_an_entry_of_a_catalogue_as_the_services_do(case: str):
    (entries,) = ENTRIES[case].items()
    try:
        READERS[entries[0]](json.dumps(ENTRIES[case]), "values.yaml")
    except CatalogueError:
        taken = False
    else:
        taken = True
    part = {"definitions": SCHEMA["definitions"], **SCHEMA["properties"][entries[0]]}
    assert Draft7Validator(part).is_valid(entries[1]) is taken


def test_the_demonstration_and_the_test_bed_run_every_service():
    assert set(demo.SERVICES) == set(SERVICES) - {"gateway"}  # processes write their outputs to files
    assert {*ENGINE, "projector", "gateway", CLUSTER} == set(SERVICES)


def test_prometheus_scrapes_every_service_that_has_metrics():
    config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    targets = [
        target
        for job in config["scrape_configs"]
        for one in job["static_configs"]
        for target in one["targets"]
    ]
    assert {target.removesuffix(":8080") for target in targets} == WITH_METRICS


def test_what_is_published_is_reached_from_this_machine_only():
    ports = [port for each in COMPOSE["services"].values() for port in each.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize(("title", "expression"), list(expressions()))
def test_panels_and_alerts_ask_for_metrics_that_there_are(title, expression):
    assert named(expression) - SERIES == set()
    assert named(expression) or "up{" in expression


VALUE = re.compile(r'(\w+)\s*(?:=|!=)\s*"(\w+)"')
"""A label with a value, in PromQL as in the code that counts."""


def test_label_values_that_panels_and_alerts_ask_for_are_written_somewhere():
    sources = "\n".join(path.read_text() for path in code_of("services", "shared"))
    asked = {
        pair for _, expression in expressions() if named(expression) for pair in VALUE.findall(expression)
    }
    asked.discard(("job", "polyflow"))  # Prometheus' own: it stands in prometheus.yml
    assert ("outcome", "retried") in asked
    assert [
        f'{label}="{value}"' for label, value in sorted(asked) if f'{label}="{value}"' not in sources
    ] == []


def test_what_becomes_of_messages_is_told_in_full():
    outcomes = {
        value
        for path in code_of("services", "shared")
        for label, value in VALUE.findall(path.read_text())
        if label == "outcome"
    }
    assert set(re.findall(r"handled|parked|retried", HANDLED.help)) == outcomes


def code_of(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def test_every_metric_is_on_the_dashboard():
    shown = {name for _, expression in expressions() for name in named(expression)}
    unseen = {m.name for m in CATALOG if not any(name.startswith(m.name) for name in shown)}
    assert unseen == set()


def test_panels_lie_beside_each_other():
    cells = [
        (x, y)
        for grid in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]
    assert len(cells) == len(set(cells))
    assert all(x < 24 for x, _ in cells)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_every_alert_has_an_example():
    alerts = {rule["alert"] for group in ALERTS["groups"] for rule in group["rules"]}
    examples = yaml.safe_load((ROOT / "tests/deploy/alerts.yml").read_text())["tests"]
    held = {one["alertname"] for each in examples for one in each["alert_rule_test"] if one["exp_alerts"]}
    assert alerts == held


def test_a_panel_that_has_an_example_is_on_the_dashboard():
    examples = yaml.safe_load((ROOT / "tests/deploy/alerts.yml").read_text())["tests"]
    tried = {one["expr"] for each in examples for one in each.get("promql_expr_test", ())}
    shown = {target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())}
    assert tried
    assert tried <= shown


def test_grafana_is_given_the_dashboard_and_its_data_source():
    provider = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/polyflow.yml").read_text())
    folder = provider["providers"][0]["options"]["path"]
    grafana = COMPOSE["services"]["grafana"]
    assert f"./deploy/grafana/dashboards:{folder}:ro" in grafana["volumes"]
    assert grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == f"{folder}/polyflow.json"
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())[
        "datasources"
    ][0]
    kinds = {each["query"] for each in DASHBOARD["templating"]["list"] if each["type"] == "datasource"}
    assert kinds == {source["type"]}
    assert source["url"] == "http://prometheus:9090"


def test_the_chart_ships_the_same_rules_and_dashboard():
    files = DEPLOY / "helm/polyflow/files"
    assert (files / "alerts.yml").resolve() == DEPLOY / "prometheus/alerts.yml"
    assert (files / "dashboard.json").resolve() == DEPLOY / "grafana/dashboards/polyflow.json"

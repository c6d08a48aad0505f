"""What is deployed is what there is: every service, and of its metrics only those that it has."""

import json
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
import yaml

from examples.kafka import demo
from polyflow.cli.serve import SERVICES
from polyflow_shared.metrics import CATALOG
from polyflow_shared.settings import ProcessSettings
from tests.contract.test_shape import ROOT
from tests.testbed.services import CLUSTER, ENGINE

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
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

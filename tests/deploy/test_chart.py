"""The chart: its schema refuses nonsense, an API server takes all it renders, its accounts may do what they need."""

import json
from pathlib import Path
from typing import Any

import pytest

from polyflow_shared.declared.connections.catalogue import read
from polyflow_shared.declared.queues import read as read_queues
from tests.deploy.chart import CHART, RELEASE, SERVICES, TALK_TO_API, Cluster, rendered, template
from tests.testbed.kubernetes.api import ApiError
from tests.testbed.processes import TestbedError

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(600)]

VALUES = sorted((Path(__file__).parent / "values").glob("*.yaml"))
LEAST = Path(__file__).parent / "values" / "least.yaml"
RUNS = "polyflow-runs"
INDEX = "metadata.labels['apps.kubernetes.io/pod-index']"

BAD_VALUES = {
    "no broker": ({"kafka.bootstrapServers": ""}, "bootstrapServers"),
    "a broker without a port": ({"kafka.bootstrapServers": "kafka"}, "bootstrapServers"),
    "a value that does not exist": ({"kafka.bootstrap": "kafka:9092"}, "bootstrap"),
    "a service that does not exist": ({"services.scheduler.replicas": "1"}, "scheduler"),
    "a misspelt field of a service": ({"services.planner.replica": "1"}, "replica"),
    "a negative number of replicas": ({"services.planner.replicas": "-1"}, "replicas"),
    "two projectors on one file": ({"services.projector.replicas": "2"}, "replicas"),
    "no namespace for pods": ({"cluster.namespaces": "null"}, "namespaces"),
    "a namespace in capitals": ({"cluster.namespaces[0]": "Runs"}, "namespaces"),
    "a partition too few": ({"topics.partitions": "0"}, "partitions"),
    "a log level that does not exist": ({"logLevel": "loud"}, "logLevel"),
    "a secret without its key": ({"kafka.secrets.PASSWORD.name": "kafka"}, "key"),
    "a variable in small letters": ({"kafka.environment.password": "x"}, "password"),
    "no requests in flight": ({"cluster.apiInFlight": "0"}, "apiInFlight"),
    "no part of the pods": ({"cluster.watcherParts": "0"}, "watcherParts"),
    "more parts than there are shards": ({"cluster.watcherParts": "17"}, "watcherParts"),
    "a part that nobody watches": ({"cluster.watcherParts": "3"}, "write as many replicas at least"),
    "a connection without its kind": ({"connections[0].name": "lake"}, "kind"),
    "a connection of a kind that does not exist": (
        {"connections[0].name": "lake", "connections[0].kind": "s4"},
        "kind",
    ),
    "a store without its bucket": ({"connections[0].name": "lake", "connections[0].kind": "s3"}, "schema"),
    "a misspelt field of a connection": (
        {"connections[0].name": "a", "connections[0].kind": "ssh", "connections[0].project": "vision"},
        "project",
    ),
    "a queue without a place": ({"queues[0].name": "gpu", "queues[0].limit": "0"}, "limit"),
    "a queue whose limit is a word": ({"queues[0].name": "gpu", "queues[0].limit": "abc"}, "limit"),
    "a queue whose priority is a word": ({"queues[0].name": "gpu", "queues[0].priority": "high"}, "priority"),
    "a misspelt field of a queue": ({"queues[0].name": "gpu", "queues[0].limits": "1"}, "limits"),
    "a queue of the name of none": ({"queues[0].name": "default"}, "queues/0/name"),
    "a variable that nobody reads": (
        {"services.planner.environment.POLYFLOW_NOSUCH": "1"},
        "POLYFLOW_NOSUCH",
    ),
    "a secret in capitals": ({"gateway.tokenKey.name": "Bad_Name"}, "tokenKey"),
    "a size without a number": ({"projector.storage": "large"}, "storage"),
    "a port that does not exist": ({"kafka.ports[0]": "70000"}, "ports"),
}


@pytest.mark.parametrize("case", BAD_VALUES)
def test_the_schema_refuses(case):
    settings, told = BAD_VALUES[case]
    with pytest.raises(TestbedError, match=told):
        template(LEAST, settings=settings)


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_an_api_server_takes_what_is_rendered(cluster: Cluster, values: Path, tmp_path: Path):
    manifests = tmp_path / "rendered.yaml"
    manifests.write_text(template(values))
    cluster.kubectl(
        "apply", "--server-side", "--dry-run=server", "--validate=strict", "--warnings-as-errors", "--filename", str(manifests),
    )  # fmt: skip


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_every_pod_is_admitted_where_only_restricted_ones_are(cluster: Cluster, values: Path):
    templates = [
        each["spec"]["template"] for each in rendered(values) if each["kind"] in {"StatefulSet", "Job"}
    ]
    assert len(templates) == len(SERVICES) + 1
    for number, each in enumerate(templates):
        spec = {**each["spec"], "serviceAccountName": "default"}
        # The claim of the stateful set's controller; who serves an API priority is not the question here.
        spec.pop("priorityClassName", None)
        if "home" not in {volume["name"] for volume in spec["volumes"]}:
            spec["volumes"] = [*spec["volumes"], {"name": "home", "emptyDir": {}}]
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"pod-{number}"}, "spec": spec}
        cluster.plane.api.create(f"/api/v1/namespaces/{RELEASE}/pods?dryRun=All&fieldValidation=Strict", pod)


def said(variable: dict[str, Any]) -> str:
    """Return the value of a variable, or the name of what it is taken from."""
    if "value" in variable:
        return str(variable["value"])
    (source,) = variable["valueFrom"].values()
    return str(source.get("name") or source["fieldPath"])


def test_an_account_of_its_own_stands_in_place_of_the_one_of_all():
    variables = {
        each["metadata"]["name"].removeprefix("checked-polyflow-"): [
            (one["name"], said(one)) for one in each["spec"]["template"]["spec"]["containers"][0]["env"]
        ]
        for each in rendered(LEAST.with_name("production.yaml"))
        if each["kind"] in {"StatefulSet", "Job"}
    }
    assert len(variables) == len(SERVICES) + 1
    for pairs in variables.values():
        assert len({name for name, _ in pairs}) == len(pairs)
    accounts = {name: dict(pairs)["POLYFLOW_KAFKA_PASSWORD"] for name, pairs in variables.items()}
    assert accounts.pop("planner") == "kafka-planner"
    assert accounts.pop("topics") == "kafka-administrator"
    assert set(accounts.values()) == {"kafka-credentials"}


def test_connections_are_a_catalogue_that_the_spec_validator_reads():
    manifests = rendered(LEAST.with_name("production.yaml"))
    maps = [each for each in manifests if each["metadata"]["name"].endswith("-connections")]
    catalogue = read(maps[0]["data"]["connections.yaml"], "connections.yaml")
    assert set(catalogue.connections) == {"digits", "lake"}
    mounting = [each["metadata"]["name"] for each in manifests if "-connections'" in str(each.get("spec"))]
    assert mounting == ["checked-polyflow-spec-validator"]


def test_queues_and_limits_are_a_catalogue_that_is_there_from_the_start():
    for given, names, limit in (
        ({}, [], None),
        ({"queues[0].name": "gpu", "queues[0].limit": "8", "maxConcurrency": "50"}, ["gpu"], 50),
    ):
        manifests = rendered(settings={"kafka.bootstrapServers": "kafka:9092", **given})
        (catalogue,) = [each for each in manifests if each["metadata"]["name"].endswith("-queues")]
        found = read_queues(catalogue["data"]["queues.yaml"], "queues.yaml")
        assert (list(found.queues), found.operations) == (names, limit)
        mounting = {each["metadata"]["name"] for each in manifests if "-queues'" in str(each.get("spec"))}
        assert mounting == {"checked-polyflow-spec-validator", "checked-polyflow-admission"}


@pytest.mark.parametrize(("settings", "watched"), [({}, []), ({"cluster.watcherParts": "2"}, ["2", INDEX])])
def test_status_watchers_divide_the_pods_by_their_numbers(settings: dict[str, str], watched: list[str]):
    told = {
        each["metadata"]["name"]: [
            said(one)
            for one in each["spec"]["template"]["spec"]["containers"][0]["env"]
            if one["name"].startswith("POLYFLOW_WATCHER_")
        ]
        for each in rendered(LEAST, settings=settings)
        if each["kind"] == "StatefulSet"
    }
    assert told.pop("checked-polyflow-status-watcher") == watched
    assert set(map(tuple, told.values())) == {()}


def test_numbers_of_a_file_are_told_as_they_were_written(tmp_path: Path):
    values = tmp_path / "numbers.yaml"
    variables = {"POLYFLOW_CACHE_BYTES": 1073741824, "POLYFLOW_API_PER_SECOND": 0.5, "DEBUG": True}
    values.write_text(json.dumps({"services": {"cache": {"environment": variables}}}))
    (cache,) = [
        each
        for each in rendered(LEAST, values)
        if (each["kind"], each["metadata"]["name"]) == ("StatefulSet", "checked-polyflow-cache")
    ]
    told = {one["name"]: said(one) for one in cache["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert {name: told[name] for name in variables} == {
        "POLYFLOW_CACHE_BYTES": "1073741824",
        "POLYFLOW_API_PER_SECOND": "0.5",
        "DEBUG": "true",
    }


@pytest.mark.parametrize("peers", [[], [{"podSelector": {}}]])
def test_metrics_are_open_to_those_alone_who_are_named(peers: list[dict[str, Any]], tmp_path: Path):
    values = tmp_path / "peers.yaml"
    values.write_text(json.dumps({"networkPolicies": {"metricsFrom": peers}}))
    (policy,) = [
        each
        for each in rendered(LEAST, values)
        if (each["kind"], each["metadata"]["name"]) == ("NetworkPolicy", "checked-polyflow")
    ]
    assert "Ingress" in policy["spec"]["policyTypes"]
    assert [rule["from"] for rule in policy["spec"].get("ingress", [])] == ([peers] if peers else [])


def test_the_labels_of_our_metrics_are_kept_beside_those_of_the_operator():
    manifests = rendered(LEAST, settings={"monitoring.serviceMonitor.enabled": "true"})
    (monitor,) = [each for each in manifests if each["kind"] == "ServiceMonitor"]
    assert [endpoint["honorLabels"] for endpoint in monitor["spec"]["endpoints"]] == [True]


def test_a_pod_that_is_not_restricted_is_refused_there(cluster: Cluster):
    pod = {"metadata": {"name": "root"}, "spec": {"containers": [{"name": "main", "image": "polyflow"}]}}
    with pytest.raises(ApiError, match="violates PodSecurity"):
        cluster.plane.api.create(f"/api/v1/namespaces/{RELEASE}/pods?dryRun=All", pod)


def test_the_chart_is_installed_and_all_its_pods_are_ready(installed: Cluster):
    assert {each["metadata"]["name"] for each in installed.sets()} == {
        f"polyflow-{name}" for name in SERVICES
    }
    pods = installed.plane.api.get(f"/api/v1/namespaces/{RELEASE}/pods")["items"]
    names = {pod["metadata"]["name"] for pod in pods}
    assert {"polyflow-planner-0", "polyflow-planner-1", "polyflow-projector-0"} <= names
    instance = f"--selector=app.kubernetes.io/instance={RELEASE}"
    told = installed.kubectl("rollout", "status", "statefulset", instance, f"--namespace={RELEASE}")
    assert told.count("roll out complete") + told.count("rolling update complete") == len(SERVICES)
    for pod in pods:
        mounted = {mount["mountPath"] for one in pod["spec"]["containers"] for mount in one["volumeMounts"]}
        component = pod["metadata"]["labels"]["app.kubernetes.io/component"]
        has_token = "/var/run/secrets/kubernetes.io/serviceaccount" in mounted
        assert has_token == (component in TALK_TO_API), component


KINDS = (
    "statefulsets", "services", "serviceaccounts", "roles", "rolebindings", "configmaps", "networkpolicies",
    "poddisruptionbudgets", "jobs", "servicemonitors", "prometheusrules",
)  # fmt: skip


def test_a_second_installation_beside_it_comes_is_changed_and_goes(installed: Cluster):
    def left() -> list[str]:
        selector = "--selector=app.kubernetes.io/instance=second"
        return installed.kubectl(
            "get", ",".join(KINDS), "--all-namespaces", selector, "--output=name"
        ).split()

    values = f"--values={Path(__file__).parent / 'values' / 'small.yaml'}"
    installed.helm("install", "second", str(CHART), values)
    assert "role.rbac.authorization.k8s.io/second-polyflow-pod-launcher" in left()
    monitored = "--set=monitoring.serviceMonitor.enabled=true,monitoring.rules.enabled=true"
    installed.helm("upgrade", "second", str(CHART), values, monitored, "--set=services.planner.replicas=2")
    assert "prometheusrule.monitoring.coreos.com/second-polyflow" in left()
    installed.helm("uninstall", "second", "--wait", "--timeout=60s")
    assert left() == []
    assert len(installed.sets()) == len(SERVICES)


MAY = {
    "pod-launcher": {
        "pods": "create get list patch delete deletecollection",
        "pods/log": "get",
        "services": "create",
    },
    "status-watcher": {"pods": "get list watch", "events": "list"},
}
"""By service and resource: all that it may do in a namespace of runs."""
VERBS = ["create", "get", "list", "watch", "update", "patch", "delete", "deletecollection"]
RESOURCES = (
    "pods", "pods/log", "pods/exec", "pods/attach", "pods/portforward", "pods/eviction", "pods/ephemeralcontainers",
    "pods/status", "services", "events", "secrets", "configmaps", "serviceaccounts", "serviceaccounts/token",
    "persistentvolumeclaims", "nodes", "namespaces", "apps/deployments", "batch/jobs",
    "rbac.authorization.k8s.io/roles", "rbac.authorization.k8s.io/rolebindings",
)  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
def test_an_account_may_do_what_it_needs_and_no_more(installed: Cluster, service: str):
    wanted = {(verb, resource) for resource, verbs in MAY.get(service, {}).items() for verb in verbs.split()}
    for namespace in (RUNS, "elsewhere", RELEASE, "kube-system"):
        found = {
            (verb, resource)
            for verb in VERBS
            for resource in RESOURCES
            if installed.may(f"polyflow-{service}", verb, resource, namespace)
        }
        assert found == (wanted if namespace == RUNS else set()), namespace


def test_with_its_own_token_the_launcher_starts_a_pod_and_the_watcher_only_sees_it(installed: Cluster):
    launcher, watcher = installed.api_of("polyflow-pod-launcher"), installed.api_of("polyflow-status-watcher")
    pods = f"/api/v1/namespaces/{RUNS}/pods"
    pod = {"metadata": {"name": "one"}, "spec": {"containers": [{"name": "main", "image": "busybox"}]}}
    with pytest.raises(ApiError) as refused:
        watcher.create(pods, pod)
    assert refused.value.status == 403
    launcher.create(pods, pod)
    assert "one" in {each["metadata"]["name"] for each in watcher.get(pods)["items"]}
    for account in (launcher, watcher):
        with pytest.raises(ApiError) as refused:
            account.get(f"/api/v1/namespaces/{RUNS}/secrets")
        assert refused.value.status == 403
    with pytest.raises(ApiError) as refused:
        launcher.create("/api/v1/namespaces/elsewhere/pods", pod)
    assert refused.value.status == 403
    launcher.delete(f"{pods}/one")

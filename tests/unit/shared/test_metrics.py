"""The catalogue of metrics keeps Prometheus' rules, and its labels are bounded."""

import ast
import re

import pytest

from polyflow_shared.broker.lag import LagGauge
from polyflow_shared.cluster.kubernetes.pods.failures.catalog import REASONS as KUBERNETES
from polyflow_shared.observing.metrics import CATALOG, HANDLED, LAG, REASONS, MemoryMeter, bounded
from tests.contract.test_shape import ROOT


@pytest.mark.parametrize("metric", CATALOG, ids=lambda metric: metric.name)
def test_a_metric_is_named_by_the_rules(metric):
    assert metric.name.startswith("polyflow_")
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert bool(metric.buckets) == (metric.kind == "histogram")
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert metric.help.endswith(".")


@pytest.mark.parametrize("metric", CATALOG, ids=lambda metric: metric.name)
def test_no_label_can_take_any_number_of_values(metric):
    bounded = {"service", "topic", "partition", "type", "outcome", "reason", "status", "code", "namespace"}
    assert set(metric.labels) <= bounded


def test_a_partition_that_has_gone_to_another_replica_is_shown_no_more():
    meter = MemoryMeter()
    gauge = LagGauge(meter, "planner")
    gauge.show({("inbox", 0): 3, ("inbox", 1): 0})
    gauge.show({("inbox", 1): 2})
    assert meter.values == {(LAG.name, "planner", "inbox", "1"): 2}
    gauge.show({})
    assert meter.values == {}


def test_names_are_given_once():
    assert len({metric.name for metric in CATALOG}) == len(CATALOG)


def test_a_reason_that_a_user_wrote_counts_as_other():
    assert bounded("because I say so") == "Other"
    assert {bounded(reason) for reason in REASONS} == REASONS


FOLDERS = (
    "services/polyflow_services/planner",
    "services/polyflow_services/admission",
    "services/polyflow_services/early_stopping_monitor",
    "services/polyflow_services/projector",
    "services/polyflow_services/embedded.py",
    "services/polyflow_services/pod_launcher",
    "services/polyflow_services/status_watcher",
    "shared/polyflow_shared/cluster",
    "topics/polyflow_topics/operating.py",
    "topics/polyflow_topics/requests.py",
    "topics/polyflow_topics/status.py",
    "polyflow/requests/uploads.py",
)
"""Where statuses get their reasons.  Those of Kubernetes come from its catalogue."""
NO_STATUS = {
    "answers to requests about a run": {
        "AlreadyApproved", "AlreadyBegun", "AlreadyEnded", "AlreadyEnding", "AlreadyPaused", "AlreadyUploaded",
        "Executed", "Explained", "NoApprovalNeeded", "NoUploadAwaited", "NotOfOperation", "NotPaused", "RunEnded",
        "TooMany", "UnknownOperation", "UnknownRun",
    },
    "how the reader shows a run that was refused": {"RequestRejected"},
    "told to the pod launcher": {"NotCurrent"},
    "the cluster's own classes, and kinds of volumes": {
        "ClusterServer", "DirectoryOrCreate", "FileOrCreate", "OutputsInvalidError", "ProcessCluster",
    },
}  # fmt: skip
WORD = re.compile(r"[A-Z][a-z]+([A-Z]?[a-z]+)*")


def words(*folders: str) -> set[str]:
    """Return each text in the code that is one capitalised word, but those of Kubernetes' adapter."""
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    files += [ROOT / folder for folder in folders if folder.endswith(".py")]
    return {
        node.value
        for file in files
        if "kubernetes" not in file.parts
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and WORD.fullmatch(node.value)
    }


def test_each_reason_that_the_code_gives_is_a_label_of_its_own():
    other = set().union(*NO_STATUS.values())
    said = words(*FOLDERS)
    assert {word for word in said - other if bounded(word) == "Other"} == set()
    assert other - said == set()
    assert other & REASONS == set()


@pytest.mark.parametrize("word", KUBERNETES)
def test_each_reason_of_the_failure_catalogue_is_a_label_of_its_own(word):
    assert bounded(word) == word


def test_each_label_is_a_reason_that_somebody_gives():
    assert REASONS - {""} - words(*FOLDERS) - set(KUBERNETES) == set()


def test_labels_that_are_not_in_the_catalogue_are_refused():
    with pytest.raises(ValueError, match="labels"):
        MemoryMeter().count(HANDLED, run="r")

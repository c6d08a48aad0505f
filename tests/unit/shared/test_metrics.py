"""The catalogue of metrics keeps Prometheus' rules, and its labels are bounded."""

import re

import pytest

from polyflow_shared.lag import LagGauge
from polyflow_shared.metrics import CATALOG, HANDLED, LAG, REASONS, MemoryMeter, bounded
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


SAID = re.compile(
    r"(?:(?:End|Ending)\((?:Pod)?Status\.\w+, |^ *PodStatus\.\w+,\s+|Closing\(|why=\(|_failed\(\s*"
    r'|reason: str = |REASON: Final = |event\.reason or )"([A-Z]\w*)"',
    re.MULTILINE,
)
"""Where the code gives a status its reason."""


def test_each_reason_that_the_code_gives_is_a_label():
    given = {
        reason
        for folder in ("services", "shared")
        for file in (ROOT / folder).rglob("*.py")
        for reason in SAID.findall(file.read_text())
    }
    assert len(given) > 15
    assert given <= REASONS


def test_labels_that_are_not_in_the_catalogue_are_refused():
    with pytest.raises(ValueError, match="labels"):
        MemoryMeter().count(HANDLED, run="r")

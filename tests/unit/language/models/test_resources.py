"""The field `resources`: names, amounts, ranges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.language import schema
from polyflow_shared.language.models.resources import request_and_limit

READ = {
    "a number": ("cpu", 1, ("1", None)),
    "a fraction": ("cpu", 0.5, ("0.5", None)),
    "thousandths": ("cpu", "500m", ("500m", None)),
    "bytes": ("memory", "2Gi", ("2Gi", None)),
    "a range": ("memory", "1Gi..2Gi", ("1Gi", "2Gi")),
    "a range with spaces": ("cpu", " 1 .. 2 ", ("1", "2")),
    "a range in different units": ("memory", "1024Ki..1Mi", ("1024Ki", "1Mi")),
    "a range with an exponent": ("memory", "1e3..1k", ("1e3", "1k")),
    "what is asked for alone": ("cpu", "1..", ("1", None)),
    "what may be used alone": ("cpu", "..1", (None, "1")),
    "a count is both": ("gpu", 2, ("2", "2")),
    "a count as a text is both": ("google.com/tpu", "8", ("8", "8")),
    "counts as a range": ("gpu", "1..2", ("1", "2")),
}


@pytest.mark.parametrize("case", READ)
def test_amounts(case):
    name, amount, expected = READ[case]
    assert request_and_limit(name, amount) == expected


WRONG = {
    "nothing": ("cpu", "", "this should be an amount"),
    "a range of nothing": ("cpu", "..", "this should be an amount"),
    "something else": ("memory", "much", "this should be an amount"),
    "less than nothing": ("cpu", -1, "this should be an amount"),
    "half a GPU": ("gpu", 0.5, "this should be a count"),
    "a GPU in thousandths": ("gpu", "500m", "this should be a count"),
    "more than may be used": ("memory", "2Gi..1000Mi", "more is asked for"),
    "a template, which a container may have": ("cpu", "{{ cpu }}", "this should be an amount"),
    "a boolean": ("cpu", True, "this should be a number or a text"),
    "Kubernetes' own structure": ("limits", {"cpu": 1}, "this should be a number or a text"),
    "an unknown name": ("disk", 1, "there is no resource `disk`"),
    "Kubernetes' name of a GPU": ("nvidia.com/gpu", 1, "is called `gpu` here"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_refused(case):
    name, amount, message = WRONG[case]
    (finding,) = schema.read({"resources": {name: amount}}).findings
    assert message in finding.message
    assert finding.path == ("resources", name)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.sampled_from(["", "m", "k", "M", "Ki", "Mi", "Gi"]))
def test_a_range_is_one_if_its_end_is_not_below_its_start(low, high, unit):
    findings = schema.read({"resources": {"memory": f"{low}{unit}..{high}{unit}"}}).findings
    assert bool(findings) == (low > high)

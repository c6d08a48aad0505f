"""Each trigger has a rule, which says when it is met, and when it never will be."""

import pytest

from polyflow_services.planner.rows.state import OperationRow
from polyflow_services.planner.values.triggers import RULES, Source, Verdict, counted, never, verdict
from polyflow_topics.status import Status, Trigger

MET_BY = {
    "succeeded": {Status.SUCCEEDED, Status.SKIPPED},
    "failed": {Status.FAILED, Status.UPSTREAM_FAILED},
    "done": {Status.SUCCEEDED, Status.SKIPPED, Status.FAILED, Status.UPSTREAM_FAILED, Status.STOPPED},
}
"""The ends that each word at the end of a trigger's name means."""


def row_of(trigger: Trigger, *ends: Status) -> OperationRow:
    """Return an operation with two upstreams that has heard of some ends."""
    row = OperationRow("b", "local", 0, upstreams=2, trigger=trigger)
    for end in ends:
        row = counted(row, Source("a", end))
    return row


def test_every_trigger_has_a_rule() -> None:
    assert list(RULES) == list(Trigger)


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("end", sorted(MET_BY["done"]))
def test_a_trigger_does_what_its_name_says(trigger: Trigger, end: Status) -> None:
    how_many, _, wanted = trigger.partition("_")
    met = end in MET_BY[wanted]
    first, both = verdict(row_of(trigger, end)), verdict(row_of(trigger, end, end))
    if how_many == "all":
        assert (first, both) == ((Verdict.WAIT, Verdict.START) if met else (Verdict.NEVER, Verdict.NEVER))
    else:
        assert (first, both) == ((Verdict.START, Verdict.START) if met else (Verdict.WAIT, Verdict.NEVER))


@pytest.mark.parametrize(
    ("trigger", "ends", "said"),
    [
        ("all_succeeded", ["failed"], "trigger all_succeeded cannot be met: upstream 'a' failed"),
        ("all_failed", ["skipped"], "trigger all_failed cannot be met: upstream 'a' was skipped"),
        (
            "all_succeeded",
            ["failed", "succeeded"],
            "trigger all_succeeded cannot be met: of 2 upstreams 1 succeeded and 1 failed",
        ),
        (
            "one_failed",
            ["succeeded", "stopped"],
            "trigger one_failed cannot be met: no upstream failed; the last one, 'a', was stopped",
        ),
    ],
)
def test_what_never_comes_true_says_why(trigger: str, ends: list[str], said: str) -> None:
    row = row_of(Trigger(trigger), *map(Status, ends))
    assert never(row, Source("a", Status(ends[-1]))) == said

"""The rate of one attempt."""

from hypothesis import given
from hypothesis import strategies as st

from polyflow_services.gateway.limits import Buckets
from polyflow_shared.stated.tokens import Attempt
from polyflow_topics.names import RunId

ONE, OTHER = Attempt(RunId("r"), 0, 0), Attempt(RunId("r"), 0, 1)


def test_a_burst_is_taken_and_then_so_many_a_second():
    buckets = Buckets(2.0)
    assert [buckets.take(ONE, 0.0) for _ in range(10)] == [0.0] * 10
    assert buckets.take(ONE, 0.0) == 0.5
    assert buckets.take(ONE, 0.5) == 0.0
    assert buckets.take(ONE, 0.5) == 0.5


def test_attempts_do_not_share():
    buckets = Buckets(0.2)
    assert buckets.take(ONE, 0.0) == 0.0
    assert buckets.take(ONE, 0.0) == 5.0
    assert buckets.take(OTHER, 0.0) == 0.0


def test_those_heard_of_last_are_remembered():
    buckets = Buckets(0.2, remembered=1)
    buckets.take(ONE, 0.0)
    buckets.take(OTHER, 0.0)
    assert buckets.take(ONE, 0.0) == 0.0


@given(st.lists(st.floats(0, 1), max_size=100), st.floats(0.5, 50))
def test_no_more_is_taken_than_the_burst_and_the_rate(pauses, rate):
    buckets, now, taken = Buckets(rate), 0.0, 0
    for pause in pauses:
        now += pause
        taken += buckets.take(ONE, now) == 0.0
    assert taken <= max(1.0, 5 * rate) + now * rate + 1

import math
from datetime import UTC, datetime

import pytest

from polyflow_shared.cluster.local.metrics import MAX_LINE_BYTES, MetricsFile
from polyflow_shared.cluster.port import PodReport
from polyflow_topics.names import OperationName, PodName, RunId
from polyflow_topics.status import PodStatus

AT = datetime(2026, 1, 1, tzinfo=UTC)
POD = PodReport(PodName("p"), RunId("r"), OperationName("train"), 0, 0, PodStatus.RUNNING, AT)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics.jsonl"


@pytest.fixture
def metrics(path):
    return MetricsFile(str(path), POD)


def read(metrics, **how):
    return [one for portion in metrics.read(AT, **how) for one in portion]


def append(path, text):
    with open(path, "a") as file:
        file.write(text)


def test_lines_are_read_once_and_numbered_from_zero(path, metrics):
    append(path, '{"values":{"loss":1},"step":5}\n')
    (first,) = read(metrics)
    assert (first.line, first.step, first.values, first.at) == (0, 5, {"loss": 1.0}, AT)
    assert read(metrics) == []
    append(path, '{"values":{"loss":0}}\n')
    (second,) = read(metrics)
    assert (second.line, second.step, second.values) == (1, None, {"loss": 0.0})


def test_a_line_waits_until_it_is_whole(path, metrics):
    append(path, '{"values":{"lo')
    assert read(metrics) == []
    append(path, 'ss":1}}\n')
    assert [one.values for one in read(metrics)] == [{"loss": 1.0}]


def test_the_last_line_needs_no_end_once_the_process_has_ended(path, metrics):
    append(path, '{"values":{"loss":1}}')
    assert read(metrics) == []
    assert len(read(metrics, ended=True)) == 1
    assert read(metrics, ended=True) == []


def test_a_line_may_say_its_time(path, metrics):
    append(path, '{"values":{"loss":1},"at":1767225600.5}\n')
    assert read(metrics)[0].at == datetime(2026, 1, 1, 0, 0, 0, 500_000, UTC)


def test_what_is_no_number_to_json_is_one_here(path, metrics):
    append(path, '{"values":{"a":NaN,"b":-Infinity}}\n')
    values = read(metrics)[0].values
    assert math.isnan(values["a"])
    assert values["b"] == -math.inf


BAD = {
    "no JSON": "loss=1",
    "no object": "[1]",
    "no values": '{"loss":1}',
    "values that are no object": '{"values":[1]}',
    "text for a number": '{"values":{"loss":"1"}}',
    "a truth value": '{"values":{"loss":true}}',
    "a number too large": '{"values":{"loss":1' + "0" * 400 + "}}",
    "half a character": '{"values":{"\\ud800":1}}',
    "a step between two": '{"values":{"loss":1},"step":1.5}',
    "a step out of bounds": '{"values":{"loss":1},"step":9223372036854775808}',
    "a time out of bounds": '{"values":{"loss":1},"at":1e300}',
    "no end in sight": '{"values":{"' + "x" * MAX_LINE_BYTES + '":1}}',
    "endless brackets": "[" * 60_000,
}


@pytest.mark.parametrize("line", BAD.values(), ids=BAD.keys())
def test_a_bad_line_is_counted_and_skipped(path, metrics, line):
    append(path, f'{line}\n{{"values":{{"loss":1}}}}\n')
    assert [one.line for one in read(metrics)] == [1]
    assert metrics.bad == 1


def test_an_empty_line_is_no_mistake(path, metrics):
    append(path, '\n{"values":{"loss":1}}\n')
    assert [one.line for one in read(metrics)] == [1]
    assert metrics.bad == 0


def test_many_lines_come_in_portions_and_none_is_lost(path, metrics):
    append(path, "".join(f'{{"values":{{"loss":{n}}},"step":{n}}}\n' for n in range(20_000)))
    portions = list(metrics.read(AT))
    assert len(portions) > 1
    assert [one.step for portion in portions for one in portion] == list(range(20_000))


def test_without_a_file_there_is_nothing(metrics):
    assert read(metrics, ended=True) == []

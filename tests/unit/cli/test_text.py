"""How times, reasons and tables look."""

from datetime import UTC, datetime, timedelta

import pytest

from polyflow.cli.terminal.text import duration, one_line, size, span, table, why

START = datetime(2026, 1, 1, tzinfo=UTC)
DURATIONS = {
    0.0: "0.00s",
    0.424: "0.42s",
    9.994: "9.99s",
    9.996: "10.0s",
    59.94: "59.9s",
    59.96: "1m00s",
    245: "4m05s",
    3599.6: "1h00m",
    7620: "2h07m",
}


@pytest.mark.parametrize(("seconds", "text"), DURATIONS.items())
def test_a_duration_is_written_as_a_human_writes_it(seconds, text):
    assert duration(seconds) == text


SIZES = {
    0: "0 bytes", 1: "1 byte", 999: "999 bytes", 1000: "1.0 kB", 999_949: "999.9 kB", 999_951: "1.0 MB",
    12_345_678: "12.3 MB", 5_000_000_000: "5.0 GB", 7 * 10**15: "7000.0 TB",
}  # fmt: skip


@pytest.mark.parametrize(("count", "text"), SIZES.items())
def test_a_size_is_written_as_a_human_writes_it(count, text):
    assert size(count) == text


def test_a_span_needs_a_beginning_and_an_end():
    later = START + timedelta(seconds=2)
    assert span(None, later) == ""
    assert span(START, None) == ""
    assert span(START, None, now=later) == "2.00s"
    assert span(START, later, now=later + timedelta(hours=1)) == "2.00s"
    assert span(later, START) == "0.00s", "a clock that went back"


def test_one_line_is_the_first_and_no_longer_than_wanted():
    assert one_line("exit code 3\nits log ends:\nboom") == "exit code 3"
    assert one_line("x" * 120) == "x" * 120
    assert one_line("x" * 121) == "x" * 119 + "…"
    assert one_line("") == ""


WHYS = {
    ("", ""): "",
    ("Error", ""): "Error",
    ("", "gone"): "gone",
    ("Error", "exit code 1\nits log ends:\nx"): "Error: exit code 1",
}


@pytest.mark.parametrize(("given", "text"), WHYS.items())
def test_why_is_what_there_is_of_reason_and_message(given, text):
    assert why(*given) == text


def test_columns_are_aligned_and_nothing_trails():
    lines = list(table(("RUN", "STATUS", "REASON"), [("a", "running", ""), ("longer", "ok", "Because")]))
    assert lines == ["RUN     STATUS   REASON", "a       running", "longer  ok       Because"]


def test_a_table_without_rows_is_its_heading():
    assert list(table(("RUN", "NAME"), [])) == ["RUN  NAME"]

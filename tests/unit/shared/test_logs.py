"""Log lines: a constant event, keys, one line each."""

import errno
import io
import json
import logging

from polyflow_shared.observing.logs import configure, log_of


def written(log_format="json", level="info"):
    stream = io.StringIO()
    configure(level, log_format, stream)
    return stream


def test_a_line_is_one_json_object_with_all_keys():
    stream = written()
    log_of("planner").bind(partition=3).warning("message_parked", reason="NotDecodable", offset=7)
    line = json.loads(stream.getvalue())
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "warning",
        "event": "message_parked",
        "service": "planner",
        "partition": 3,
        "reason": "NotDecodable",
        "offset": 7,
    }


def test_what_no_json_can_say_is_written_as_text():
    stream = written()
    log_of("planner").info("odd", value={1, 2}.__class__)
    assert "set" in json.loads(stream.getvalue())["value"]


def test_a_level_that_is_off_writes_nothing():
    stream = written(level="warning")
    log_of("planner").info("batch_handled")
    assert stream.getvalue() == ""


def test_lines_of_libraries_come_in_the_same_form():
    stream = written()
    logging.getLogger("aiokafka").warning("lost %s", "connection")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["logger"]) == ("lost connection", "aiokafka")


def test_plain_lines_are_for_eyes_and_have_no_colours_in_a_file():
    stream = written("plain")
    log_of("planner").error("service_failed", error="FencedError")
    assert stream.getvalue().endswith("error   service_failed service=planner error=FencedError\n")


class Full(io.StringIO):
    """A file on a disk without room."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_line_that_cannot_be_written_is_dropped_in_silence(capsys):
    configure("info", "json", Full())
    log_of("planner").info("batch_handled")
    assert capsys.readouterr().err == ""


def test_a_line_that_is_called_for_wrongly_is_shown(capsys):
    written()
    logging.getLogger("polyflow").warning("%d", "x")
    assert "--- Logging error ---" in capsys.readouterr().err

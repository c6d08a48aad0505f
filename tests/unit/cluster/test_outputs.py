import os

import pytest

from polyflow_shared.cluster.local.outputs import MAX_DEPTH, OutputsInvalidError, read_outputs
from polyflow_topics.catalog import MAX_OUTPUT_BYTES

GOOD = {
    "falsy values": (
        '{"zero":0,"no":false,"empty":"","none":null}',
        {"zero": 0, "no": False, "empty": "", "none": None},
    ),
    "an empty object": ("{}", {}),
    "letters of all kinds": ('{"ü":"\\u00e9"}', {"ü": "é"}),
    "large whole numbers": ('{"n":123456789012345678901234567890}', {"n": 123456789012345678901234567890}),
    "a whole kilobyte short of the limit": (
        '{"a":"' + "x" * (MAX_OUTPUT_BYTES - 8) + '"}',
        {"a": "x" * (MAX_OUTPUT_BYTES - 8)},
    ),
    "as deep as is allowed": ('{"a":' + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1) + "}", None),
}
BAD = {
    "nothing": ("", "not JSON"),
    "half an object": ('{"a":', "not JSON"),
    "not a number": ('{"a":NaN}', "not JSON"),
    "an infinity": ('{"a":[Infinity]}', "not JSON"),
    "a number without bounds": ('{"a":1e999}', "not JSON"),
    "half a character": ('{"a":"\\ud800"}', "not JSON"),
    "a list": ("[1]", "but a list"),
    "a number": ("0", "but a number"),
    "nothing as a word": ("null", "but null"),
    "one byte too many": (
        '{"a":"' + "x" * (MAX_OUTPUT_BYTES - 7) + '"}',
        f"have {MAX_OUTPUT_BYTES + 1} bytes",
    ),
    "too deep": ('{"a":' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}", "levels deep"),
    "too deep for Python to count": ('{"a":' + "[" * 600 + "]" * 600 + "}", "levels deep"),
    "far too deep": ("[" * 60_000, "not JSON"),
}


@pytest.mark.parametrize(("text", "expected"), GOOD.values(), ids=GOOD.keys())
def test_a_json_object_is_outputs(tmp_path, text, expected):
    (tmp_path / "outputs.json").write_text(text)
    values = read_outputs(str(tmp_path / "outputs.json"))
    assert expected is None or values == expected


@pytest.mark.parametrize(("text", "says"), BAD.values(), ids=BAD.keys())
def test_anything_else_is_refused_with_what_is_wrong(tmp_path, text, says):
    (tmp_path / "outputs.json").write_text(text)
    with pytest.raises(OutputsInvalidError, match=says):
        read_outputs(str(tmp_path / "outputs.json"))


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "outputs.json").write_bytes(b'{"a":"\xff"}')
    with pytest.raises(OutputsInvalidError, match="not JSON"):
        read_outputs(str(tmp_path / "outputs.json"))


def test_without_a_file_there_are_none(tmp_path):
    assert read_outputs(str(tmp_path / "outputs.json")) == {}


def test_a_pipe_or_a_folder_in_the_files_place_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(OutputsInvalidError, match="not in a regular file"):
            read_outputs(str(path))

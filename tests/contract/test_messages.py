"""Every message has a schema and an example, and both still hold."""

import inspect
import json
from copy import deepcopy
from typing import Any

import jsonschema
import pytest

from polyflow_shared.broker.codec import decode, encode
from polyflow_shared.errors import NotDecodableError
from polyflow_topics.catalog import MESSAGES, topic_of
from tests.contract import schemas
from tests.contract.samples import SENT, WIRES, again, arrived, decoded, example, headers_of, record

every_message = pytest.mark.parametrize("wire", WIRES)


def released(wire: str) -> dict[str, Any]:
    return json.loads(schemas.path_of(MESSAGES[wire]).read_text())


def test_each_message_has_one_schema_and_one_example_and_nothing_is_left_over():
    assert {path.name for path in schemas.SCHEMAS.iterdir()} == {f"{wire}.schema.json" for wire in WIRES}
    assert {path.name for path in schemas.EXAMPLES.iterdir()} == {f"{wire}.json" for wire in WIRES}


@every_message
def test_a_released_schema_still_holds(wire):
    assert schemas.broken(released(wire), schemas.schema_of(MESSAGES[wire])) == []


@every_message
def test_the_schema_is_that_of_the_code(wire):
    hint = "python -m tests.contract.schemas --write"
    assert schemas.path_of(MESSAGES[wire]).read_text() == schemas.text_of(MESSAGES[wire]), hint


@every_message
def test_an_example_fits_its_schema(wire):
    schema = released(wire)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(example(wire)["data"])


@every_message
def test_an_example_comes_back_as_it_was(wire):
    sample = example(wire)
    message = decode(record(wire))
    sent = encode(message, source=sample["headers"]["ce_source"], at=SENT)
    assert isinstance(message, MESSAGES[wire])
    assert (sent.topic, sent.key) == (sample["topic"], sample["key"])
    assert sent.headers == headers_of(sample["headers"])
    assert json.loads(sent.value) == sample["data"]


@every_message
def test_a_message_written_twice_is_the_same_record(wire):
    sent = encode(decode(record(wire)), source="/polyflow/planner", at=SENT)
    assert encode(decode(again(sent)), source="/polyflow/planner", at=SENT) == sent


@every_message
def test_fields_that_a_reader_does_not_know_change_nothing(wire):
    data = example(wire)["data"]
    read = decoded(wire, grown(data, schemas.schema_of(MESSAGES[wire])))
    assert json.loads(read.model_dump_json()) == data


def grown(data: Any, schema: dict[str, Any]) -> Any:
    """Return `data` with one more field in every object whose fields are fixed, however deep."""
    return _grown(deepcopy(data), schema, schema.get("$defs", {}))


def _grown(data: Any, schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    schema = definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    for option in schema.get("anyOf", ()):
        data = _grown(data, option, definitions)
    if isinstance(data, list) and "items" in schema:
        return [_grown(item, schema["items"], definitions) for item in data]
    if isinstance(data, dict) and "properties" in schema:
        known = {name: _grown(data[name], schema["properties"][name], definitions) for name in data}
        return known | {"later": {"than": "this release"}}
    return data


@every_message
def test_a_message_without_a_required_field_is_refused(wire):
    required = schemas.schema_of(MESSAGES[wire])["required"]
    assert required
    for field in required:
        data = {name: value for name, value in example(wire)["data"].items() if name != field}
        with pytest.raises(NotDecodableError, match=field):
            decode(arrived("t", headers_of(example(wire)["headers"]), json.dumps(data).encode()))


@every_message
@pytest.mark.parametrize(
    "value", [None, b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"{}", b"[" * 5000]
)
def test_garbage_is_refused(wire, value):
    with pytest.raises(NotDecodableError):
        decode(arrived("t", headers_of(example(wire)["headers"]), value))


@every_message
def test_messages_and_their_fields_say_what_they_are(wire):
    message = MESSAGES[wire]
    assert inspect.getdoc(message), message
    assert message.key.__doc__, f"{message.__name__}.key"
    assert message.identity.__doc__, f"{message.__name__}.identity"


@every_message
def test_a_message_cannot_be_changed(wire):
    message = decode(record(wire))
    with pytest.raises(ValueError, match="frozen"):
        message.run = "other"


def test_every_message_has_one_topic():
    assert {wire: topic_of(decode(record(wire))) for wire in WIRES} == {w: example(w)["topic"] for w in WIRES}


FAULTS = {
    "a property that is gone": ({"a": {"type": "string"}, "b": {}}, ["a"], {"a": {"type": "string"}}, ["a"]),
    "a property that is required now": ({"a": {}, "b": {}}, ["a"], {"a": {}, "b": {}}, ["a", "b"]),
    "a property of another type": ({"a": {"type": "string"}}, [], {"a": {"type": "integer"}}, []),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("place", ["data", "definition"])
def test_a_schema_is_broken_by(name, place):
    old, old_required, new, new_required = FAULTS[name]
    then, now = {"properties": old, "required": old_required}, {"properties": new, "required": new_required}
    if place == "definition":
        then, now = {"$defs": {"Part": then}}, {"$defs": {"Part": now}}
    assert schemas.broken(then, then) == []
    assert len(schemas.broken(then, now)) == 1


def test_a_schema_is_not_broken_by_an_optional_property():
    then = {"properties": {"a": {"type": "string", "description": "old words"}}, "required": ["a"]}
    now = {"properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"]}
    assert schemas.broken(then, now) == []

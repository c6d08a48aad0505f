"""CloudEvents on the wire: what the official package writes we read, what we write it reads."""

import base64
import json

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.broker.codec import UnknownTypeError, decode, encode, read_envelope
from polyflow_shared.broker.port import Record
from polyflow_shared.errors import NotDecodableError
from polyflow_topics.catalog import MESSAGES
from tests.contract.samples import SENT, WIRES, arrived, example, headers_of, record

every_message = pytest.mark.parametrize("wire", WIRES)
REQUEST = "polyflow.pipeline.request.v1"


def theirs(wire: str) -> CloudEvent:
    sample = example(wire)
    attributes = {name[3:]: text for name, text in sample["headers"].items() if name.startswith("ce_")}
    return CloudEvent(attributes | {"time": SENT, "datacontenttype": "application/json"}, sample["data"])


def ours(message: kafka.KafkaMessage) -> Record:
    return arrived("t", tuple(message.headers.items()), message.value)


@every_message
def test_we_read_what_the_package_writes_in_binary_mode(wire):
    read = ours(kafka.to_binary(theirs(wire), JSONFormat()))
    assert json.loads(decode(read).model_dump_json()) == example(wire)["data"]
    assert read_envelope(read).source == example(wire)["headers"]["ce_source"]


@every_message
def test_we_read_what_the_package_writes_in_structured_mode(wire):
    read = ours(kafka.to_structured(theirs(wire), JSONFormat()))
    assert json.loads(decode(read).model_dump_json()) == example(wire)["data"]
    assert read_envelope(read).id == example(wire)["headers"]["ce_id"]


@every_message
def test_the_package_reads_what_we_write(wire):
    sample = example(wire)
    sent = encode(decode(record(wire)), source=sample["headers"]["ce_source"], at=SENT)
    event = kafka.from_kafka(kafka.KafkaMessage(dict(sent.headers), sent.key, sent.value), JSONFormat())
    assert event.get_data() == sample["data"]
    assert (event.get_type(), event.get_source()) == (wire, sample["headers"]["ce_source"])
    assert (event.get_id(), event.get_time()) == (sample["headers"]["ce_id"], SENT)
    assert (event.get_specversion(), event.get_datacontenttype()) == ("1.0", "application/json")


def structured(**changes: object) -> Record:
    sample = example(REQUEST)
    event = {name[3:]: text for name, text in sample["headers"].items() if name.startswith("ce_")}
    event |= {"datacontenttype": "application/json", "data": sample["data"]} | changes
    kept = {name: value for name, value in event.items() if value is not None}
    return arrived(
        "t", (("content-type", b"application/cloudevents+json; charset=UTF-8"),), json.dumps(kept).encode()
    )


def test_structured_mode_may_carry_its_data_in_base64():
    data = json.dumps(example(REQUEST)["data"]).encode()
    read = structured(data=None, data_base64=base64.b64encode(data).decode())
    assert decode(read) == decode(record(REQUEST))


REFUSED = {
    "no id": {"id": None},
    "no type": {"type": None},
    "an empty source": {"source": ""},
    "another version": {"specversion": "0.3"},
    "no data": {"data": None},
    "data of another shape": {"data": [1, 2]},
    "base64 that is none": {"data": None, "data_base64": "%%%"},
    "base64 cut short": {"data": None, "data_base64": "abc"},
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_structured_event_is_refused_with(name):
    with pytest.raises(NotDecodableError):
        decode(structured(**REFUSED[name]))


@pytest.mark.parametrize("header", ["ce_id", "ce_source", "ce_specversion", "ce_type"])
def test_an_event_without_a_required_attribute_is_refused_when_its_envelope_is_read(header):
    texts = {name: text for name, text in example(REQUEST)["headers"].items() if name != header}
    with pytest.raises(NotDecodableError, match=header[3:]):
        read_envelope(arrived("t", headers_of(texts), b"{}"))


def test_a_type_that_nobody_knows_is_told_apart_from_garbage():
    texts = example(REQUEST)["headers"] | {"ce_type": "com.example.other"}
    with pytest.raises(UnknownTypeError, match=r"com\.example\.other"):
        decode(arrived("t", headers_of(texts), b"{}"))


NAMES = st.sampled_from(
    ["ce_id", "ce_source", "ce_type", "ce_specversion", "ce_time", "content-type", "CE_ID", ""]
)
KNOWN = [
    *(wire.encode() for wire in MESSAGES),
    b"1.0",
    b"application/cloudevents+json",
    b"application/json",
    b"x",
]
HEADERS = st.lists(
    st.tuples(NAMES | st.text(max_size=8), st.sampled_from(KNOWN) | st.binary(max_size=16)), max_size=8
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
ATTRIBUTES = [
    "id",
    "source",
    "type",
    "specversion",
    "data",
    "data_base64",
    "datacontenttype",
    "run",
    "at",
    "values",
]
OBJECTS = st.dictionaries(st.sampled_from(ATTRIBUTES), st.sampled_from([*WIRES, "1.0"]) | JSON, max_size=8)
VALUES = st.none() | st.binary(max_size=64) | (OBJECTS | JSON).map(lambda data: json.dumps(data).encode())


def refused_or_known(read: Record) -> bool:
    try:
        return type(decode(read)) in MESSAGES.values()
    except NotDecodableError:
        return True


@given(HEADERS, VALUES)
def test_no_bytes_and_no_headers_do_worse_than_be_refused(headers, value):
    assert refused_or_known(arrived("t", tuple(headers), value))


@given(OBJECTS)
def test_no_structured_event_does_worse_than_be_refused(event):
    whole = {"id": "1", "source": "/s", "specversion": "1.0"} | event
    assert refused_or_known(
        arrived("t", (("content-type", b"application/cloudevents+json"),), json.dumps(whole).encode())
    )


@given(st.sampled_from(WIRES), OBJECTS | JSON)
def test_no_data_does_worse_than_be_refused(wire, data):
    assert refused_or_known(arrived("t", headers_of(example(wire)["headers"]), json.dumps(data).encode()))


@pytest.mark.parametrize("deep", ["[", '{"a":', '{"data":['])
def test_nesting_beyond_measure_is_refused(deep):
    headers = (("content-type", b"application/cloudevents+json"),)
    with pytest.raises(NotDecodableError):
        decode(arrived("t", headers, (deep * 200_000).encode()))


def test_half_of_a_surrogate_pair_is_refused():
    with pytest.raises(NotDecodableError):
        decode(structured(data="\ud800", datacontenttype="text/plain"))

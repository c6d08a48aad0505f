"""Tokens: only whoever has the key makes one, and each is for one attempt."""

import hashlib
import hmac
from base64 import urlsafe_b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.stated.tokens import Attempt, Gateway, operation_of, token_of, variables_of
from polyflow_topics.names import OperationName, RunId

KEY = b"0123456789abcdef0123456789abcdef"
RUN = RunId("7a4e1f3c-0000-5000-8000-000000000001")
ATTEMPT = Attempt(RUN, 2, 0)
attempts = st.builds(
    Attempt, run=st.uuids().map(str), index=st.integers(0, 10**6), attempt=st.integers(0, 100)
)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)
keys = st.binary(min_size=32, max_size=64)


@given(attempts, names, keys)
def test_a_token_tells_its_operation_to_whoever_has_the_key(attempt, name, key):
    assert operation_of(token_of(attempt, name, key), attempt, key) == name


@given(attempts, attempts, names, keys, keys)
def test_a_token_is_of_no_other_attempt_and_no_other_key(attempt, other, name, key, other_key):
    token = token_of(attempt, name, key)
    assert (operation_of(token, other, key) is None) == (attempt != other)
    assert (operation_of(token, attempt, other_key) is None) == (key != other_key)


@given(names, names)
def test_the_name_in_a_token_cannot_be_exchanged(name, other):
    mine, theirs = (token_of(ATTEMPT, one, KEY).partition(".") for one in (name, other))
    assert operation_of(f"{theirs[0]}.{mine[2]}", ATTEMPT, KEY) == (name if name == other else None)


@given(st.text(max_size=200))
def test_nonsense_is_no_token_and_no_error(text):
    assert operation_of(text, ATTEMPT, KEY) is None


def test_the_proof_is_an_hmac_with_sha_256():
    name, _, proof = token_of(ATTEMPT, OperationName("train"), KEY).partition(".")
    said = f"polyflow-token-1\n{RUN}\n2\n0\ntrain".encode()
    assert urlsafe_b64decode(name + "=") == b"train"
    assert urlsafe_b64decode(proof + "=") == hmac.new(KEY, said, hashlib.sha256).digest()


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="31 bytes, and 32 is the least"):
        token_of(ATTEMPT, OperationName("train"), KEY[1:])


def test_a_pod_is_told_its_own_address_and_token():
    gateway = Gateway("http://gateway:8000/", KEY)
    variables = variables_of(Attempt(RUN, 2, 0), OperationName("search.mlp"), gateway)
    assert variables == {
        "POLYFLOW_GATEWAY": f"http://gateway:8000/v1/runs/{RUN}/operations/2/attempts/0",
        "POLYFLOW_TOKEN": token_of(ATTEMPT, OperationName("search.mlp"), KEY),
        "POLYFLOW_TRACKING_PATH": "/polyflow/.tracking",
    }

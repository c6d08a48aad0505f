"""Keys go where Java's producer puts them."""

import pytest
from aiokafka.partitioner import murmur2 as peers_murmur2
from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.broker.partitioner import murmur2, partition_of

# Source: Apache Kafka, `UtilsTest.testMurmur2`, as signed 32-bit numbers.
JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize(("data", "digest"), JAVA.items())
def test_the_hash_is_javas(data, digest):
    assert murmur2(data) == digest % 2**32


@given(st.binary(max_size=80))
def test_the_hash_is_that_of_another_implementation(data):
    assert murmur2(data) % 2**32 == peers_murmur2(data) % 2**32


@given(st.text(), st.integers(min_value=1, max_value=100))
def test_a_partition_is_one_of_those_there_are(key, partitions):
    assert 0 <= partition_of(key, partitions) < partitions

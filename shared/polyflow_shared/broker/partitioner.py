"""Which partition a key belongs to: what Java's producer does, so that clients of any language agree.

Source: Apache Kafka, `org.apache.kafka.common.utils.Utils.murmur2` and `BuiltInPartitioner.partitionForKey`.
"""

import struct
from functools import lru_cache

_MASK = 0xFFFFFFFF
_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995
_RUN_BYTES = 36
"""The length of a run's id, with which most keys begin; a whole number of words."""


@lru_cache(maxsize=8192)
def partition_of(key: str, partitions: int) -> int:
    """Return the partition of a key: 0 to `partitions` - 1."""
    if partitions == 1:
        return 0
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """Return the 32-bit MurmurHash2 of some bytes, with Kafka's seed; 0 to 2**32 - 1."""
    digest = _begun(data[:_RUN_BYTES], len(data))
    words = len(data) // 4
    digest = _mixed(digest, data[_RUN_BYTES : 4 * words])
    tail = data[4 * words :]
    if tail:
        digest = ((digest ^ int.from_bytes(tail, "little")) * _MULTIPLIER) & _MASK
    digest = ((digest ^ (digest >> 13)) * _MULTIPLIER) & _MASK
    return digest ^ (digest >> 15)


@lru_cache(maxsize=8192)
def _begun(start: bytes, length: int) -> int:
    """Return the digest after the first bytes of a key of this length: the same for all keys of a run."""
    return _mixed(_SEED ^ length, start[: len(start) // 4 * 4])


def _mixed(digest: int, words: bytes) -> int:
    for word in struct.unpack(f"<{len(words) // 4}I", words):
        mixed = (word * _MULTIPLIER) & _MASK
        mixed = ((mixed ^ (mixed >> 24)) * _MULTIPLIER) & _MASK
        digest = ((digest * _MULTIPLIER) & _MASK) ^ mixed
    return digest

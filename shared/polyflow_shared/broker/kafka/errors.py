"""aiokafka's exceptions become ours, here and nowhere else."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from aiokafka import errors as kafka

from polyflow_shared.errors import (
    AccessError,
    BrokerUnavailableError,
    FencedError,
    InvariantError,
    OffsetsLostError,
    PolyflowError,
    RecordTooLargeError,
    TopicError,
)

_FENCED = (
    kafka.CommitFailedError,
    kafka.IllegalStateError,
    kafka.IllegalGenerationError,
    kafka.UnknownMemberIdError,
)
_TOO_LARGE = (kafka.MessageSizeTooLargeError, kafka.RecordTooLargeError)
_MISSING = (kafka.UnknownTopicOrPartitionError, kafka.InvalidTopicError)
_NOT_ALLOWED = (
    kafka.TopicAuthorizationFailedError,
    kafka.GroupAuthorizationFailedError,
    kafka.ClusterAuthorizationFailedError,
)
_CLOSED = (kafka.ConsumerStoppedError, kafka.ProducerClosed)


@contextmanager
def our_errors(what: str) -> Iterator[None]:
    """Translate what is raised inside.

    Args:
        what: what was tried, for the message.
    """
    try:
        yield
    except (kafka.KafkaError, OSError, TimeoutError) as error:
        raise translated(error, what) from error


def translated(error: BaseException, what: str) -> Exception:
    """Return our exception for one of aiokafka's."""
    text = f"{what}: {type(error).__name__} {error}".rstrip()
    if isinstance(error, _CLOSED):
        return InvariantError(f"{what}: it is closed")
    for kinds, ours, help_ in _OURS:
        if isinstance(error, kinds):
            return ours(text + help_)
    return BrokerUnavailableError(text)


ACCESS_HELP = "`polyflow topics acls` tells what each account needs."

LOST_HELP = (
    "Starting over would run again what has run.  Decide where the group should go on, set its offsets with "
    "`kafka-consumer-groups --reset-offsets`, and start the service again."
)
_OURS: Final[Sequence[tuple[tuple[type[Exception], ...], type[PolyflowError], str]]] = (
    ((kafka.OffsetOutOfRangeError,), OffsetsLostError, f": the records to go on with are gone.  {LOST_HELP}"),
    (_NOT_ALLOWED, AccessError, f": our account is not allowed to.  {ACCESS_HELP}"),
    (_FENCED, FencedError, ""),
    (_TOO_LARGE, RecordTooLargeError, ""),
    (_MISSING, TopicError, ""),
)
"""What aiokafka raises, what we raise instead, and what is added to the message."""

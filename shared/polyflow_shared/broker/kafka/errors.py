"""aiokafka's exceptions become ours, here and nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka import errors as kafka

from polyflow_shared.errors import (
    BrokerUnavailableError,
    FencedError,
    InvariantError,
    OffsetsLostError,
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
    match error:
        case _ if isinstance(error, _CLOSED):
            return InvariantError(f"{what}: it is closed")
        case kafka.OffsetOutOfRangeError():
            return OffsetsLostError(f"{text}: the records to go on with are gone.  {LOST_HELP}")
        case _ if isinstance(error, _FENCED):
            return FencedError(text)
        case _ if isinstance(error, _TOO_LARGE):
            return RecordTooLargeError(text)
        case _ if isinstance(error, _MISSING):
            return TopicError(text)
    return BrokerUnavailableError(text)


LOST_HELP = (
    "Starting over would run again what has run.  Decide where the group should go on, set its offsets with "
    "`kafka-consumer-groups --reset-offsets`, and start the service again."
)

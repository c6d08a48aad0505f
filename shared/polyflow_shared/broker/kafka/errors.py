"""aiokafka's exceptions become ours, here and nowhere else."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from traceback import walk_tb
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
    RecordUnreadableError,
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


LOST_HELP = (
    "Starting over would run again what has run.  Decide where the group should go on, set its offsets with "
    "`kafka-consumer-groups --reset-offsets`, and start the service again."
)


@contextmanager
def our_errors(what: str, *, lost: str = LOST_HELP) -> Iterator[None]:
    """Translate what is raised inside.

    Args:
        what: what was tried, for the message.
        lost: what to do where the records to go on with are gone.
    """
    try:
        yield
    except (kafka.KafkaError, OSError, TimeoutError) as error:
        raise translated(error, what, lost=lost) from error


def translated(error: BaseException, what: str, *, lost: str = LOST_HELP) -> Exception:
    """Return our exception for one of aiokafka's."""
    text = f"{what}: {type(error).__name__} {error}".rstrip()
    if isinstance(error, _CLOSED):
        return InvariantError(f"{what}: it is closed")
    if isinstance(error, kafka.OffsetOutOfRangeError):
        return OffsetsLostError(f"{text}: the records to go on with are gone.  {lost}")
    for kinds, ours, help_ in _OURS:
        if isinstance(error, kinds):
            return ours(text + help_)
    return BrokerUnavailableError(text)


def unreadable(error: UnicodeDecodeError, group: str) -> RecordUnreadableError:
    """Return what to say of a record that aiokafka cannot unpack: the name of a header is not UTF-8.

    It says nowhere which one, and unpacks whole batches only; so its own variables are looked into.
    """
    text = f"a record with a header whose name is not UTF-8 ({error.object!r}) cannot be read"
    for frame, _ in walk_tb(error.__traceback__):
        if frame.f_code.co_name == "_unpack_records":
            records, after = frame.f_locals["self"], frame.f_locals["next_batch"].next_offset
            place = f"{records._tp.topic}:{records._tp.partition}"
            return RecordUnreadableError(
                f"{place} at offset {records.next_fetch_offset}: {text}, nor what follows it in its batch.  "
                "Find out who writes such names.  To go on behind the batch, stop the service and run "
                f"`kafka-consumer-groups.sh --bootstrap-server HOST:PORT --group {group} --topic {place} "
                f"--reset-offsets --to-offset {after} --execute`"
            )
    return RecordUnreadableError(text)


ACCESS_HELP = "`polyflow topics acls` tells what each account needs."

_OURS: Final[Sequence[tuple[tuple[type[Exception], ...], type[PolyflowError], str]]] = (
    (_NOT_ALLOWED, AccessError, f": our account is not allowed to.  {ACCESS_HELP}"),
    (_FENCED, FencedError, ""),
    (_TOO_LARGE, RecordTooLargeError, ""),
    (_MISSING, TopicError, ""),
)
"""What aiokafka raises, what we raise instead, and what is added to the message."""

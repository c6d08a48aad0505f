"""The base class says what the shell does; the subclass says why.

* PolyflowError
    * TransientError            the shell tries again, waiting longer each time
        * BrokerUnavailableError
        * ClusterUnavailableError
            * ClusterBusyError
    * PermanentError            the shell parks the message and takes the next
        * NotDecodableError
        * ClusterRejectedError
        * UnforeseenError
    * InvariantError            the shell stops the process: our bug, or a set-up that must not be guessed at
        * FencedError
        * SettingsError
        * AccessError
        * TopicError
        * OffsetsLostError
        * RecordTooLargeError
        * RecordUnreadableError
"""


class PolyflowError(Exception):
    """Everything that polyflow raises on purpose."""


class TransientError(PolyflowError):
    """Trying again later may help."""


class BrokerUnavailableError(TransientError):
    """The broker cannot be reached, or did not acknowledge in time."""


class ClusterUnavailableError(TransientError):
    """The cluster cannot be reached, or is too busy."""


class ClusterBusyError(ClusterUnavailableError):
    """The cluster does not take this pod now, such as for a quota; it may later."""

    def __init__(self, message: str, reason: str) -> None:
        """Say why; the reason is a word in CamelCase."""
        super().__init__(message)
        self.reason = reason


class PermanentError(PolyflowError):
    """Trying this message again cannot help."""

    reason = "NotPermitted"
    """The dead letter's reason: a word in CamelCase, one for each subclass."""


class NotDecodableError(PermanentError):
    """The record is not a message that we know."""

    reason = "NotDecodable"


class NotReadError(PermanentError):
    """The message is known, and not of a kind that this service reads."""

    reason = "UnexpectedType"


class ClusterRejectedError(PermanentError):
    """The cluster refuses this pod, now and later."""

    def __init__(
        self, message: str, reason: str = "ClusterRejected", *, infrastructure: bool = False
    ) -> None:
        """Say why, by a word in CamelCase, and whether the cluster, and not the pod, is to blame."""
        super().__init__(message)
        self.reason = reason
        self.infrastructure = infrastructure


class UnforeseenError(PermanentError):
    """Our own code failed on this record in a way that nobody foresaw; the cause says where."""

    reason = "Unforeseen"


class InvariantError(PolyflowError):
    """Going on would be guessing: the process ends."""


class FencedError(InvariantError):
    """Another process owns the partition by now."""


class SettingsError(InvariantError):
    """A setting has a value that it cannot have."""


class AccessError(InvariantError):
    """The broker does not let our account do what it must."""


class TopicError(InvariantError):
    """A topic is missing or has the wrong partitions."""


class OffsetsLostError(InvariantError):
    """The consumer group has lost its offsets; starting over would be wrong."""


class RecordTooLargeError(InvariantError):
    """The broker refuses a record for its size.  Sizes are limited where messages are made: it is our bug."""


class RecordUnreadableError(InvariantError):
    """The client of the broker cannot read a record at all; going on behind it would be passing it over."""

"""The words for where a run or an operation stands, as users read them."""

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """The status of a run or of an operation.  The planner's table says which may follow which."""

    CREATED = "created"
    QUEUED = "queued"
    """Ready, and waits for a free slot under a concurrency limit."""
    SCHEDULED = "scheduled"
    """The launch was requested; the cluster has not answered yet."""
    RUNNING = "running"
    PROCESSING = "processing"
    """The container has ended; its outputs are still on their way."""
    RETRYING = "retrying"
    STOPPING = "stopping"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    SKIPPED = "skipped"
    UPSTREAM_FAILED = "upstream_failed"


FINAL: Final = frozenset(
    {Status.SUCCEEDED, Status.FAILED, Status.STOPPED, Status.SKIPPED, Status.UPSTREAM_FAILED}
)
"""The statuses that nothing follows.  The planner's table decides; a test holds the two together."""


OPERATIONS_FAILED: Final = "OperationsFailed"
OPERATIONS_STOPPED: Final = "OperationsStopped"
"""Reasons of a scope's end that follow from the ends of what is in it."""


class Pending(StrEnum):
    """What holds a run or an operation that is `created` although its turn has come."""

    APPROVAL = "approval"
    """Somebody's approval."""
    UPLOAD = "upload"
    """Files that are on their way."""
    CACHE = "cache"
    """An equal operation that goes on and whose outputs it is to get."""
    BUILD = "build"
    """Its image, which is being built."""


class Trigger(StrEnum):
    """When an operation starts, relative to the statuses of its upstreams."""

    ALL_SUCCEEDED = "all_succeeded"
    ALL_FAILED = "all_failed"
    ALL_DONE = "all_done"
    ONE_SUCCEEDED = "one_succeeded"
    ONE_FAILED = "one_failed"
    ONE_DONE = "one_done"


class PodStatus(StrEnum):
    """What the cluster says of one attempt."""

    PENDING = "pending"
    """The pod exists and its container has not begun; the reason says what it waits for, if it waits."""
    RUNNING = "running"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    """It ended because it was told to."""
    LOST = "lost"
    """It existed, or must have, and is gone without a word about its end."""
    ABSENT = "absent"
    """The answer to a stop or verify: there is no such pod."""
    PRESENT = "present"
    """The answer to a verify: the pod exists and has not ended."""
    REFUSED = "refused"
    """The answer to a launch that the cluster does not take now, such as for a quota: nothing was started."""
    EXPIRED = "expired"
    """The answer to a launch that was too old to obey; nothing was started."""


POD_FINAL: Final = frozenset({PodStatus.SUCCEEDED, PodStatus.FAILED, PodStatus.STOPPED, PodStatus.LOST})
"""The statuses that a pod does not leave."""

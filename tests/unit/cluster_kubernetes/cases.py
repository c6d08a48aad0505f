"""A case of the tables: a pod, and what is said of its end."""

from typing import Any, NamedTuple

from polyflow_topics.status import PodStatus


class Case(NamedTuple):
    pod: dict[str, Any]
    reason: str
    says: str
    """Is in the message."""
    status: PodStatus = PodStatus.FAILED
    code: int | None = None
    cluster: bool = False
    """Whether the cluster is to blame."""
    events: tuple[dict[str, Any], ...] = ()

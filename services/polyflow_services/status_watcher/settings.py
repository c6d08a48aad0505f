"""The status watcher's knobs."""

from pydantic import Field

from polyflow_shared.cluster.kubernetes.pods.names import SHARDS
from polyflow_shared.hosting.settings import ClusterServiceSettings


class StatusWatcherSettings(ClusterServiceSettings):
    """Every knob, its unit and its default."""

    watcher_parts: int = Field(default=1, ge=1, le=SHARDS)
    """In how many parts watchers divide the pods of a Kubernetes cluster.

    Each part needs one watcher at least; two of one do no harm, and either stands in for the other.
    """
    watcher_replica: int = Field(default=0, ge=0, le=10_000)
    """The number of this watcher, from 0: watchers take the parts in turn."""

    @property
    def shards(self) -> tuple[int, ...]:
        """The shards of the pods that are watched; none is named where all are."""
        if self.watcher_parts == 1:
            return ()
        return tuple(range(self.watcher_replica % self.watcher_parts, SHARDS, self.watcher_parts))

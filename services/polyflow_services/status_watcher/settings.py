"""The status watcher's knobs."""

from typing import Annotated

from pydantic import Field

from polyflow_shared.settings import SEVERAL, ClusterServiceSettings


class StatusWatcherSettings(ClusterServiceSettings):
    """Every knob, its unit and its default."""

    shards: Annotated[tuple[Annotated[int, Field(ge=0, le=15)], ...], *SEVERAL] = ()
    """Which of the 16 shards of a Kubernetes cluster's pods are watched, with commas; all, if none is given.

    Several watchers share a large cluster so; each shard needs one at least, and two of one do no harm.
    """

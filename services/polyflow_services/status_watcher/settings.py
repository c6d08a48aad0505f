"""The status watcher's knobs."""

from polyflow_shared.settings import ClusterServiceSettings


class StatusWatcherSettings(ClusterServiceSettings):
    """Every knob, its unit and its default: those of all services that serve a cluster."""

"""The pod launcher's knobs."""

from polyflow_shared.hosting.settings import ClusterServiceSettings


class PodLauncherSettings(ClusterServiceSettings):
    """Every knob, its unit and its default: those of all services that serve a cluster."""

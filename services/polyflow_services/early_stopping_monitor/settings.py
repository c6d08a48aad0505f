"""The monitor's knobs."""

from polyflow_shared.hosting.settings import ServiceSettings


class MonitorSettings(ServiceSettings):
    """Every knob, its unit and its default: those that all services have."""

"""The projector's knobs."""

from polyflow_shared.settings import HomeSettings, ServiceSettings


class ProjectorSettings(ServiceSettings, HomeSettings):
    """Every knob, its unit and its default: those of a service that keeps something, `history.db`."""

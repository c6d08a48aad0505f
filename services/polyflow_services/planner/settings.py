"""The planner's knobs."""

from polyflow_shared.settings import ServiceSettings


class PlannerSettings(ServiceSettings):
    """Every knob, its unit and its default: those that all services have."""

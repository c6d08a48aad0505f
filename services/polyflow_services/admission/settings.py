"""Admission's knobs."""

from polyflow_shared.hosting.settings import LimitSettings, ServiceSettings


class AdmissionSettings(ServiceSettings, LimitSettings):
    """Every knob, its unit and its default: those that all services have, and limits."""

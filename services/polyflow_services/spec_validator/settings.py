"""The spec validator's knobs."""

from polyflow_shared.settings import ServiceSettings


class SpecValidatorSettings(ServiceSettings):
    """Every knob, its unit and its default."""

    clusters: frozenset[str] = frozenset({"local"})
    """Names of the clusters that operations may be sent to, as a JSON list; each needs its pod launcher."""

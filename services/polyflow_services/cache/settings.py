"""The cache's knobs."""

from pydantic import Field

from polyflow_services.cache.core import ROOM
from polyflow_shared.hosting.settings import ServiceSettings


class CacheSettings(ServiceSettings):
    """Every knob, its unit and its default: those that all services have, and its own."""

    cache_bytes: int = Field(default=ROOM, ge=0, le=2**40)
    """Bytes that the results of one partition take, at most; the oldest go first."""

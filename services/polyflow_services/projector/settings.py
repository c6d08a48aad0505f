"""The projector's knobs."""

from pathlib import Path

from pydantic import Field

from polyflow_shared.settings import ServiceSettings


class ProjectorSettings(ServiceSettings):
    """Every knob, its unit and its default."""

    home: Path = Field(default=Path("~/.polyflow"))
    """The folder in which the read model is kept, as `history.db`."""

"""The projector's knobs."""

from pydantic import Field

from polyflow_services.projector.act import REQUESTS_KEPT, RUNS_KEPT
from polyflow_shared.hosting.settings import HomeSettings, ServiceSettings


class ProjectorSettings(ServiceSettings, HomeSettings):
    """Every knob, its unit and its default: those of a service that keeps something, `history.db`."""

    requests_kept: float = Field(default=REQUESTS_KEPT, gt=0, le=36_500)
    """Days for which requests are kept; later their runs can be neither restarted nor resumed."""
    runs_kept: float | None = Field(default=RUNS_KEPT, ge=1, le=36_500)
    """Days for which a run is kept after its end, with all that was said of it; `none`: for ever.

    Later no command, query or join finds it."""

"""The planner's knobs."""

from pydantic import Field

from polyflow_services.planner.turn import INFRASTRUCTURE_RETRIES, OUTPUTS_WAIT
from polyflow_shared.hosting.settings import ServiceSettings


class PlannerSettings(ServiceSettings):
    """Every knob, its unit and its default: those that all services have, and its own."""

    infrastructure_retries: int = Field(default=INFRASTRUCTURE_RETRIES, ge=0, le=10_000)
    """Attempts of one operation that the infrastructure may lose (a node that dies, an eviction) before the
    operation has failed; they are not counted as the user's retries."""
    outputs_wait: float = Field(default=OUTPUTS_WAIT, gt=0, le=7 * 86_400)
    """Seconds that an operation which has succeeded waits for outputs that were acknowledged to it; then it
    has failed with reason `OutputsMissing`."""

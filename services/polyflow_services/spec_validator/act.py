"""What the service does with a record of `pipeline-requests`."""

from collections.abc import Sequence

from polyflow_services.spec_validator.compilation import CLUSTERS
from polyflow_services.spec_validator.core import RequestRecord, validate
from polyflow_shared import codec
from polyflow_shared.broker.port import Record
from polyflow_shared.errors import NotDecodableError
from polyflow_topics.inbox import StopRequested
from polyflow_topics.message import Message
from polyflow_topics.requests import RequestPipeline, StopPipeline


class Validator:
    """Answers requests; knows the clusters that there are."""

    def __init__(self, clusters: frozenset[str] = CLUSTERS) -> None:
        """Accept operations for these clusters only."""
        self._clusters = clusters

    async def act(self, record: Record) -> Sequence[Message]:
        """Return a plan, a rejection, or a stop for the planner.

        Raises:
            NotDecodableError: the record is no CloudEvent, or of a type that is not for this topic: there is
                nobody to answer.
        """
        event = codec.read_envelope(record)
        if event.type == RequestPipeline.WIRE:
            request = RequestRecord(event.data, event.source, event.id, record.at)
            return validate(request, clusters=self._clusters)
        message = codec.decode(record)
        if not isinstance(message, StopPipeline):
            raise NotDecodableError(f"{event.type} does not belong on {record.topic}")
        return [StopRequested(run=message.run, reason=message.reason, message=message.message)]

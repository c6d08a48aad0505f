"""What the service does with a record of `pipeline-requests`."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from polyflow_services.spec_validator.core import (
    NO_INSTALLATION,
    Installation,
    RequestRecord,
    accepted,
    answer,
)
from polyflow_services.spec_validator.gathering import refers
from polyflow_services.spec_validator.requests import request as requests
from polyflow_services.spec_validator.requests.forwarding import forwarded
from polyflow_shared.broker import codec
from polyflow_shared.broker.port import Record
from polyflow_shared.declared.queues import Queues
from polyflow_shared.errors import NotDecodableError
from polyflow_shared.references.fetching import Fetcher, Places
from polyflow_topics.message import Message
from polyflow_topics.operating import RunRequest
from polyflow_topics.plan import PlanBegun
from polyflow_topics.queues import ListQueues, QueuesAsked
from polyflow_topics.requests import RequestPipeline
from polyflow_topics.results import ForgetResult, ForgetResults

NOWHERE: Final = Places()
"""Only what comes with a request is known."""


class Validator:
    """Answers requests; knows what there is."""

    def __init__(self, installation: Installation = NO_INSTALLATION, places: Places = NOWHERE) -> None:
        """Accept what this installation has only; look for references in these places."""
        self._installation = installation
        self._places = places

    def know(self, queues: Queues) -> None:
        """Take requests in by these queues and limits from now on."""
        self._installation = replace(self._installation, queues=queues)

    async def act(self, record: Record) -> Sequence[Message]:
        """Return a plan, a rejection, or what a request comes to inside.

        Raises:
            NotDecodableError: the record is no CloudEvent, or of a type that is not for this topic: there is
                nobody to answer.
        """
        event = codec.read_envelope(record)
        if event.type == RequestPipeline.WIRE:
            return await self._answer(RequestRecord(event.data, event.source, event.id, record.at))
        match codec.decode(record):
            case RunRequest() as asked:
                return [forwarded(asked, event.id)]
            case ForgetResults() as forget:
                return [ForgetResult(result=result) for result in forget.results]
            case ListQueues() as asked_for:
                return [QueuesAsked(request=asked_for.request)]
        raise NotDecodableError(f"{event.type} does not belong on {record.topic}")

    async def _answer(self, record: RequestRecord) -> Sequence[Message]:
        asked = requests.read(record.value)
        fetch = Fetcher(self._places)
        if refers(asked) or self._installation.queues.presets:
            # What is fetched may take seconds; nobody else is held up.
            known = self._installation
            answers = await asyncio.to_thread(answer, record, asked, installation=known, fetch=fetch)
        else:
            answers = answer(record, asked, installation=self._installation, fetch=fetch)
        begun = answers[0]
        return [*answers, accepted(record, begun)] if isinstance(begun, PlanBegun) else answers

"""One command after the other, against the cluster.  Each is safe to repeat."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from polyflow_services.pod_launcher import core
from polyflow_shared.broker.port import Record
from polyflow_shared.clock import Clock
from polyflow_shared.cluster.messages import saved
from polyflow_shared.cluster.port import Cluster
from polyflow_shared.cluster.released import LATE, Released
from polyflow_shared.errors import (
    ClusterBusyError,
    ClusterRejectedError,
    ClusterUnavailableError,
    NotDecodableError,
)
from polyflow_shared.loops.effector import WINDOW, Lanes
from polyflow_topics.commands import LaunchOperation, ReleaseOperation, StopOperation, VerifyOperation
from polyflow_topics.envelope import wire_name
from polyflow_topics.inbox import OperationReported
from polyflow_topics.message import Message
from polyflow_topics.status import PodStatus


def lane_of(record: Record) -> str:
    """Return which commands are obeyed in order: those for one operation, but for its releases.

    A release goes behind what somebody waits for, and holds up no later attempt.
    """
    return f"{record.key}/release" if is_release(record) else record.key


def is_release(record: Record) -> bool:
    """Tell whether a record asks for what nobody waits for."""
    return wire_name(record.headers) == ReleaseOperation.WIRE.encode()


LANES: Final = Lanes(of=lane_of, at_once=WINDOW, unhurried=is_release)
"""The cluster's own limits say how much is done at once."""


class Launcher:
    """Obeys commands for one cluster."""

    def __init__(self, cluster: Cluster, clock: Clock) -> None:
        """Act on this cluster; the clock tells how old a command is."""
        self._cluster = cluster
        self._clock = clock
        self._released = Released(clock)
        """Pods whose logs were handed over: who did not send them does not live any more."""

    async def act(self, message: Message, at: datetime) -> Sequence[Message]:
        """Do what a command says, and return what is to be said about it.

        Args:
            message: a command.
            at: the time of its record.

        Raises:
            ClusterUnavailableError: try again later.
            NotDecodableError: it is no command.
        """
        match message:
            case LaunchOperation():
                return await self._launch(message, at)
            case StopOperation():
                return await self._stop(message)
            case ReleaseOperation():
                return await self._release(message)
            case VerifyOperation():
                return await self._verify(message)
            case _:
                raise NotDecodableError(f"{message.WIRE} is no command")

    async def _launch(self, launch: LaunchOperation, said: datetime) -> Sequence[OperationReported]:
        left = core.seconds_left(said, self._clock.now())
        try:
            # What waits for its turn at the cluster grows old meanwhile.
            if left >= 0 and await self._in_time(launch, left):
                return ()
            return await self._expired(launch)
        except (ClusterBusyError, ClusterRejectedError) as error:
            return (self._refused(launch, error),)

    async def _in_time(self, launch: LaunchOperation, seconds: float) -> bool:
        """Start the pod; return False where it did not come to that within so many seconds."""
        try:
            async with asyncio.timeout(seconds) as limit:
                await self._cluster.ensure(core.pod_of(launch))
        except TimeoutError:
            if not limit.expired():
                raise
        return not limit.expired()

    async def _expired(self, launch: LaunchOperation) -> Sequence[OperationReported]:
        # A pod that is there was started in time: whoever watches the cluster tells of it.
        if await self._cluster.get(core.name_of(launch)) is None:
            return (core.answer(launch, PodStatus.EXPIRED, at=self._clock.now()),)
        # What makes a service of it may not be there yet; its name stays taken for longer than this takes.
        is_service = launch.parts is not None and launch.parts.service is not None
        if is_service and not await self._in_time(launch, LATE.total_seconds()):
            raise ClusterUnavailableError(f"{core.name_of(launch)} has waited too long for its turn")
        return ()

    def _refused(
        self, launch: LaunchOperation, error: ClusterBusyError | ClusterRejectedError
    ) -> OperationReported:
        at, reason, message = self._clock.now(), error.reason, str(error)
        if isinstance(error, ClusterBusyError):
            # The planner asks again: a stop must not stand behind a launch that waits for a quota.
            return core.answer(launch, PodStatus.REFUSED, at=at, reason=reason, message=message)
        failed = core.answer(launch, PodStatus.FAILED, at=at, reason=reason, message=message)
        return failed.model_copy(update={"infrastructure": error.infrastructure})

    async def _stop(self, stop: StopOperation) -> Sequence[OperationReported]:
        there = await self._cluster.stop(core.name_of(stop), grace=stop.grace, reason=stop.reason)
        return () if there else (core.answer(stop, PodStatus.ABSENT, at=self._clock.now()),)

    async def _release(self, release: ReleaseOperation) -> Sequence[Message]:
        name = core.name_of(release)
        if name in self._released:
            # A watcher that starts again tells all ends again, and each is answered with a release.
            return ()
        tails = await self._cluster.release(name)
        if tails and not any(tail.missing for tail in tails):
            self._released.add(name)
        return [saved(tail, release, self._clock.now()) for tail in tails]

    async def _verify(self, verify: VerifyOperation) -> Sequence[OperationReported]:
        report = await self._cluster.get(core.name_of(verify))
        return (core.found(verify, report, at=self._clock.now()),)

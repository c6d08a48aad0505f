"""One watch of the cluster port: the pods of all namespaces, as reports.

Some causes are told by events only, which nobody watches: they are asked for where a pod does not begin for
a while and its object does not say why, and where a probe may have killed what failed.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from polyflow_shared.clock import Clock, backoff
from polyflow_shared.cluster.kubernetes.client import Client, Object, Query, RefusedError
from polyflow_shared.cluster.kubernetes.finding import find, told_of
from polyflow_shared.cluster.kubernetes.informer import Change, Informer, Present
from polyflow_shared.cluster.kubernetes.place import Place
from polyflow_shared.cluster.kubernetes.pods import objects
from polyflow_shared.cluster.kubernetes.pods.failures import fields
from polyflow_shared.cluster.port import PodReport
from polyflow_shared.cluster.pulse import Pulse
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_shared.observing.logs import Log
from polyflow_topics.names import PodName
from polyflow_topics.status import POD_FINAL, PodStatus

LOOK_AFTER: Final = 10.0
"""Seconds that a pod may be pending without a reason before events are asked for, and between two looks."""
LOOKS: Final = 20
"""Pods that are looked at in one round: those that never were, then those whose last look is longest ago."""
_HEARD: Final = 16
"""Portions that wait to be told, at most."""


@dataclass(frozen=True, slots=True)
class _Changed:
    """What has become of pods of a namespace."""

    namespace: str
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class _Looked:
    """What pods wait for, by events."""

    reports: Sequence[PodReport]


@dataclass(frozen=True, slots=True)
class _Confirmed:
    """How a pod of a namespace stands that is not followed any more."""

    namespace: str
    report: PodReport


_Portion = _Changed | _Looked | _Confirmed | None


@dataclass(slots=True)
class _Live:
    """A pod that has not ended, as it was last told."""

    report: PodReport
    since: datetime
    by_events: bool = False
    """Whether only events tell its reason."""
    looked: int = 0
    """The round in which events were last asked for; 0 before the first."""
    astray: str = ""
    """The namespace in which it is followed no more though it is there: somebody has changed its labels."""


@dataclass(slots=True)
class _Known:
    live: dict[PodName, _Live] = field(default_factory=dict)
    rounds: int = 0

    def next_looks(self, now: datetime) -> Sequence[PodName]:
        """Return the next of those that have been pending for a while and whose objects do not say why."""
        self.rounds += 1
        due = now - timedelta(seconds=LOOK_AFTER)
        found = [
            (each.looked, each.since, name)
            for name, each in self.live.items()
            if each.report.status is PodStatus.PENDING
            and each.since <= due
            and (each.by_events or not each.report.reason)
        ]
        # Those that stay pending for one reason must not hide the reasons of all others.
        chosen = [name for _, _, name in sorted(found)[:LOOKS]]
        for name in chosen:
            self.live[name].looked = self.rounds
        return chosen

    def learn(self, report: PodReport, now: datetime, *, by_events: bool = False) -> bool:
        """Take in a report; return whether it is worth telling."""
        before = self.live.get(report.name)
        if report.status in POD_FINAL:
            self.live.pop(report.name, None)
            return True
        if by_events and not _is_news(before, report):
            return False
        if before is None:
            self.live[report.name] = _Live(report, now)
            return True
        pending = report.status is PodStatus.PENDING
        if pending and not report.reason and before.by_events and not by_events:
            # Its object never says what events have said.
            return False
        before.report, before.by_events = report, by_events and bool(report.reason)
        before.astray = before.astray if by_events else ""
        return True


def _is_news(before: _Live | None, looked: PodReport) -> bool:
    """Tell whether what a look has found is new, and not overtaken meanwhile."""
    return (
        before is not None
        and before.report.status is PodStatus.PENDING
        and before.report.reason != looked.reason
    )


class PodWatch:
    """Follows all pods of an installation."""

    def __init__(self, client: Client, place: Place, clock: Clock, log: Log, pulse: Pulse) -> None:
        """Begin with nothing known; the pulse is told what is heard."""
        self._client = client
        self._place = place
        self._clock = clock
        self._log = log
        self._pulse = pulse
        self._known = _Known()
        self._heard: asyncio.Queue[_Portion] = asyncio.Queue(maxsize=_HEARD)
        self._gone: dict[str, asyncio.Queue[PodReport]] = {each: asyncio.Queue() for each in place.namespaces}
        """Pods that are not followed any more, as they were last told, by namespace."""

    async def follow(self, closed: asyncio.Event) -> AsyncIterator[Sequence[PodReport]]:
        """Yield how all pods stand, then changes, until closed.

        Raises:
            Exception: whatever has ended a part that has no end: a watch that sees nothing must not go on.
        """
        self._pulse.expect(self._place.namespaces)
        tasks = [asyncio.create_task(self._inform(each)) for each in self._place.namespaces]
        tasks += [asyncio.create_task(self._confirm(each)) for each in self._place.namespaces]
        tasks += [asyncio.create_task(self._look_again()), asyncio.create_task(self._end(closed))]
        parts = asyncio.gather(*tasks)
        try:
            while (portion := await self._next(parts)) is not None:
                if reports := await self._reports(portion):
                    yield reports
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(parts, *tasks, return_exceptions=True)

    async def _next(self, parts: asyncio.Future[list[None]]) -> _Portion:
        """Return what is heard next, or raise what has ended a part."""
        heard = asyncio.ensure_future(self._heard.get())
        either: set[asyncio.Future[Any]] = {heard, parts}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if parts.done():
                parts.result()
            return await heard
        finally:
            heard.cancel()

    async def _inform(self, namespace: str) -> None:
        path = objects.collection(namespace)
        informer = Informer(self._client, path, self._place.followed, self._clock, self._log)
        async for changes in informer.follow(partial(self._pulse.heard, namespace)):
            await self._heard.put(_Changed(namespace, changes))

    async def _end(self, closed: asyncio.Event) -> None:
        await closed.wait()
        await self._heard.put(None)

    async def _reports(self, portion: _Changed | _Looked | _Confirmed) -> Sequence[PodReport]:
        now = self._clock.now()
        if isinstance(portion, _Looked):
            return [one for one in portion.reports if self._known.learn(one, now, by_events=True)]
        if isinstance(portion, _Confirmed):
            return self._found(portion, now)
        present = [change.pod for change in portion.changes if isinstance(change, Present)]
        seen = [report for pod in present if (report := await self._report(pod)) is not None]
        told = [report for report in seen if self._known.learn(report, now)]
        self._ask_for(portion)
        last = {report.name: report for report in told}
        # Who has begun by now need not be told to be pending.
        return [one for one in told if one.status is not PodStatus.PENDING or one is last[one.name]]

    def _found(self, confirmed: _Confirmed, now: datetime) -> Sequence[PodReport]:
        name = confirmed.report.name
        before = self._known.live.get(name)
        if before is None:
            return []  # its end was told meanwhile
        news = confirmed.report != before.report and self._known.learn(confirmed.report, now)
        before.astray = confirmed.namespace
        return [confirmed.report] if news else []

    async def _report(self, pod: Object) -> PodReport | None:
        report = told_of(pod, self._log)
        failed = report is not None and report.status is PodStatus.FAILED
        if failed and objects.may_be_killed_by_kubelet(pod):
            return told_of(pod, self._log, await self._events(pod))
        return report

    def _ask_for(self, changed: _Changed) -> None:
        for change in changed.changes:
            known = None if isinstance(change, Present) else self._known.live.get(PodName(change.name))
            if known is not None:
                self._gone[changed.namespace].put_nowait(known.report)

    async def _confirm(self, namespace: str) -> None:
        """Find out about pods of a namespace that are not followed any more, however long it takes.

        Nothing else waits for it: the namespace may be one that we may not look in.
        """
        while True:
            report = await self._confirmed(namespace, await self._gone[namespace].get())
            if report is not None:
                await self._heard.put(_Confirmed(namespace, report))

    async def _confirmed(self, namespace: str, last: PodReport) -> PodReport | None:
        """Return how a pod stands that is not followed any more; lost, if it is not there at all."""
        place = replace(self._place, namespaces=[namespace])
        failures = 0
        while True:
            try:
                pod = await find(self._client, place, last.name)
            except ClusterUnavailableError as error:
                failures += 1
                self._log.warning("tried_again", failures=failures, error=str(error))
                await self._clock.sleep(backoff(failures, first=0.2, cap=10.0))
            else:
                return told_of(pod, self._log) if pod else objects.lost(last, self._clock.now())

    async def _look_again(self) -> None:
        while True:
            await self._clock.sleep(LOOK_AFTER)
            self._ask_for_strays()
            looked = [await self._look(name) for name in self._known.next_looks(self._clock.now())]
            if reports := [report for report in looked if report is not None]:
                await self._heard.put(_Looked(reports))

    def _ask_for_strays(self) -> None:
        """Ask again for pods whose labels were changed: no watch tells of their end."""
        idle = {namespace for namespace, asked in self._gone.items() if asked.empty()}
        for each in self._known.live.values():
            if each.astray in idle:
                self._gone[each.astray].put_nowait(each.report)

    async def _look(self, name: PodName) -> PodReport | None:
        try:
            pod = await find(self._client, self._place, name)
        except ClusterUnavailableError:
            return None
        return told_of(pod, self._log, await self._events(pod)) if pod else None

    async def _events(self, pod: Object) -> Sequence[Any]:
        """Return events about a pod; none where they cannot be had, for a report must not wait for them."""
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/events"
        about: Query = {"fieldSelector": f"involvedObject.uid={metadata['uid']}", "limit": 100}
        try:
            found = await self._client.get(path, about)
        except (ClusterUnavailableError, RefusedError) as error:
            self._log.warning("events_not_read", pod=metadata["name"], error=str(error))
            return ()
        return fields.mappings(found.get("items"))

"""The cluster port on Kubernetes: each pod is a pod.

A pod's name says which attempt it is, so the API server itself refuses a second one.  A finalizer holds it
until it is released; then it stays, unheld, for as long as a late launch could still ask for it again.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Final, NoReturn

from polyflow_shared.clock import Clock, backoff
from polyflow_shared.cluster.kubernetes.client import STRATEGIC, Client, Object, RefusedError, Turn
from polyflow_shared.cluster.kubernetes.finding import find, told_of, unexpected
from polyflow_shared.cluster.kubernetes.listing import listed
from polyflow_shared.cluster.kubernetes.place import Place
from polyflow_shared.cluster.kubernetes.pods import names, objects, serving
from polyflow_shared.cluster.kubernetes.pods.manifest import manifest as core_manifest
from polyflow_shared.cluster.kubernetes.pods.reasons import Refusal, rejection
from polyflow_shared.cluster.kubernetes.tails import tails_of
from polyflow_shared.cluster.kubernetes.watching import PodWatch
from polyflow_shared.cluster.port import LogTail, Pod, PodReport, Seen
from polyflow_shared.cluster.pulse import Pulse
from polyflow_shared.errors import ClusterBusyError, ClusterRejectedError, ClusterUnavailableError
from polyflow_shared.observing.logs import Log
from polyflow_shared.observing.metrics import NullMeter
from polyflow_topics.names import PodName
from polyflow_topics.pods import Service

Manifest = Callable[[Pod, str, str], Object]
"""Makes the object for a pod, an installation and a namespace."""

CONFLICTS: Final = 5
"""Times in a row that a pod may have changed between our look at it and what we ask for."""
WITHDRAWN_GRACE: Final = 10.0
"""Seconds between TERM and KILL for a pod whose Service object was refused."""
EXPOSED_WITHIN: Final = 60.0
"""Seconds for which a Service object is asked for that the cluster is to blame not to take; what else is said
of its operation, such as a stop, waits as long."""
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 10.0
"""Seconds between two tries."""


class KubernetesCluster:
    """Pods on Kubernetes."""

    def __init__(
        self,
        client: Client,
        place: Place,
        clock: Clock,
        log: Log,
        *,
        manifest: Manifest = core_manifest,
        pulse: Pulse | None = None,
    ) -> None:
        """Take over the parts.

        Args:
            client: asks the API server.
            place: where pods are.
            clock: for pauses between tries, and for what is late.
            log: told of what went wrong.
            manifest: makes the objects.
            pulse: told what a watch hears.
        """
        self._client = client
        self._place = place
        self._clock = clock
        self._log = log
        self._manifest = manifest
        self._pulse = pulse or Pulse(clock, NullMeter())
        self._closed = asyncio.Event()

    async def ensure(self, pod: Pod) -> None:
        """Create the pod unless it exists, and the Service object of one that is a service."""
        await self._create(pod)
        if pod.parts.service is not None:
            await self._expose(pod, pod.parts.service)

    async def _create(self, pod: Pod) -> None:
        namespace = self._namespace(pod)
        body = self._manifest(pod, self._place.installation, namespace)
        path = objects.collection(namespace)
        try:
            await self._client.create(path, body, {"fieldValidation": "Strict"}, _turn(pod.name))
        except ClusterUnavailableError:
            # It may have been done all the same, such as before a 504.
            if not await self._exists(pod):
                raise
        except RefusedError as error:
            await self._refused(pod, error)

    async def stop(self, name: PodName, *, grace: float, reason: str) -> bool:
        """Delete the pod, marked with the reason; its finalizer keeps it until its end was told."""
        return await self._end(name, grace, {names.STOP_REASON: reason})

    async def _end(self, name: PodName, grace: float, marks: Mapping[str, str]) -> bool:
        for _ in range(CONFLICTS):
            pod = await self._find(name)
            if pod is None or not objects.is_tracked(pod):
                return False
            if objects.is_going(pod) or objects.has_ended(pod):
                return True
            try:
                await self._mark(pod, marks)
                await self._delete(pod, grace)
            except RefusedError as error:
                if not (error.missing or error.conflict):
                    raise unexpected(error) from error
            else:
                return True
        raise ClusterUnavailableError(f"{name} changes again and again while it is to be stopped")

    async def release(self, name: PodName) -> Sequence[LogTail]:
        """Let go of an ended pod: it is not followed any more, and removed in due time.

        It is still there for a while: should what is returned get lost, a repetition reads it again.
        """
        pod = await self._find(name, hurried=False)
        if pod is None or not objects.has_ended(pod):
            return ()
        tails = await tails_of(self._client, pod, self._clock)
        await self._let_go(name, pod)
        return tails

    async def _let_go(self, name: PodName, pod: Object | None) -> None:
        """Mark a pod as released, as it stands: it may have been deleted or replaced meanwhile."""
        turn = Turn(objects.run_in(name), hurried=False)
        for _ in range(CONFLICTS):
            if pod is None or not objects.is_tracked(pod) or not objects.has_ended(pod):
                return
            change = {"metadata": self._released(pod)}
            try:
                await self._client.patch(objects.path_of(pod), change, kind=STRATEGIC, turn=turn)
            except RefusedError as error:
                if error.missing:
                    return
                if not error.conflict:
                    raise unexpected(error) from error
            else:
                return
            pod = await self._find(name, hurried=False)
        raise ClusterUnavailableError(f"{name} changes again and again while it is to be released")

    async def get(self, name: PodName) -> PodReport | None:
        """Return how the pod stands now."""
        pod = await self._find(name)
        return told_of(pod, self._log) if pod is not None and objects.is_tracked(pod) else None

    async def list(self) -> Sequence[PodReport]:
        """Return all pods that were not released."""
        try:
            return [
                report
                for namespace in self._place.namespaces
                async for pod in listed(self._client, namespace, self._place.followed)
                if (report := told_of(pod, self._log)) is not None
            ]
        except RefusedError as error:
            raise unexpected(error) from error

    async def watch(self) -> AsyncIterator[Sequence[Seen]]:
        """Yield how all pods stand, then changes."""
        watch = PodWatch(self._client, self._place, self._clock, self._log, self._pulse)
        async for reports in watch.follow(self._closed):
            yield reports

    async def close(self) -> None:
        """End all watches and hang up; pods go on."""
        self._closed.set()
        await self._client.close()

    def _namespace(self, pod: Pod) -> str:
        wanted = pod.parts.namespace or self._place.namespaces[0]
        if wanted not in self._place.namespaces:
            allowed = ", ".join(self._place.namespaces)
            message = f"pods may not be in the namespace {wanted!r}; those of this cluster are: {allowed}"
            raise ClusterRejectedError(message, "NamespaceNotAllowed")
        return wanted

    async def _expose(self, pod: Pod, service: Service) -> None:
        """Create the Service object of a pod that has not been released.

        It is owned by the pod and goes with it, so the pod has to be there first.
        """
        until = self._clock.monotonic() + EXPOSED_WITHIN
        failures = 0
        while (refusal := await self._unexposed(pod, service)) is not None:
            failures += 1
            if not refusal.infrastructure or self._clock.monotonic() >= until:
                await self._withdraw(pod, refusal)
            self._log.warning("tried_again", failures=failures, error=refusal.message)
            await self._clock.sleep(backoff(failures, first=_FIRST_PAUSE, cap=_LONGEST_PAUSE))

    async def _unexposed(self, pod: Pod, service: Service) -> Refusal | None:
        """Create the Service object of a pod that is there; return why it is refused, if it is."""
        there = await self._find(pod.name)
        if there is None or not self._is_live(there, pod):
            return None
        body = serving.service_of(pod, service, there)
        path = serving.collection(there["metadata"]["namespace"])
        try:
            await self._client.create(path, body, {"fieldValidation": "Strict"}, _turn(pod.name))
        except RefusedError as error:
            return None if error.reason == "AlreadyExists" else rejection(error.status, error.body)
        return None

    async def _withdraw(self, pod: Pod, refusal: Refusal) -> NoReturn:
        """End the pod of a service that nobody could reach, for its Service object is refused.

        A used-up quota is no exception: the pod runs and holds what it asked for, and whoever waits for the
        service would not be told that it waits.
        """
        message = f"its Service object was refused: {refusal.message}"
        # Its end may be heard of before our answer, or instead of it.
        marks = {names.STOP_REASON: refusal.reason, names.REFUSAL: message}
        await self._end(pod.name, WITHDRAWN_GRACE, marks)
        raise ClusterRejectedError(message, refusal.reason, infrastructure=refusal.infrastructure)

    def _is_live(self, there: Object, pod: Pod) -> bool:
        ours = objects.is_of(there, pod, self._place.installation)
        return ours and objects.is_tracked(there) and not objects.has_ended(there)

    async def _exists(self, pod: Pod) -> bool:
        """Tell whether the pod is there.

        Raises:
            ClusterRejectedError: something else is there under its name.
        """
        there = await self._find(pod.name)
        if there is not None and not objects.is_of(there, pod, self._place.installation):
            raise ClusterRejectedError(
                f"a pod of the name {pod.name} is there already, and is not of installation "
                f"{self._place.installation}",
                "NameTaken",
            )
        return there is not None

    async def _refused(self, pod: Pod, error: RefusedError) -> None:
        if error.reason == "AlreadyExists":
            if await self._exists(pod):
                return
            raise ClusterUnavailableError(f"{pod.name} went away while it was to be created") from error
        # Webhooks are asked before it is looked whether there is such a pod.
        if error.status >= 500 and await self._exists(pod):
            return
        refusal = rejection(error.status, error.body)
        if refusal.retry:
            raise ClusterBusyError(refusal.message, refusal.reason) from error
        raise ClusterRejectedError(refusal.message, refusal.reason) from error

    async def _find(self, name: PodName, *, hurried: bool = True) -> Object | None:
        return await find(self._client, self._place, name, hurried=hurried)

    async def _mark(self, pod: Object, marks: Mapping[str, str]) -> None:
        """Say why a pod is stopped; the first reason counts."""
        metadata = pod["metadata"]
        if names.STOP_REASON not in (metadata.get("annotations") or {}):
            # The version makes the request fail where somebody has marked it meanwhile.
            version = metadata["resourceVersion"]
            mark = {"annotations": dict(marks), "resourceVersion": version}
            await self._client.patch(objects.path_of(pod), {"metadata": mark}, turn=_turn(metadata["name"]))

    async def _delete(self, pod: Object, grace: float) -> None:
        options: Object = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            # 0 would remove the object before its containers have ended.
            "gracePeriodSeconds": max(1, math.ceil(grace)),
            "preconditions": {"uid": pod["metadata"]["uid"]},
        }
        await self._client.delete(objects.path_of(pod), options, turn=_turn(pod["metadata"]["name"]))

    def _released(self, pod: Object) -> Object:
        """Return what a release changes in a pod's metadata, if that is still as it was looked at."""
        version = pod["metadata"]["resourceVersion"]
        expires = str(objects.minute_of(objects.removal_due(pod, self._clock.now())))
        if objects.is_going(pod):
            # Without its finalizer it would be gone at once, and a late launch would create it again.
            labels = {names.TRACKED: names.HELD, names.EXPIRES: expires}
            return {"labels": labels, "resourceVersion": version}
        return {
            "resourceVersion": version,
            "labels": {names.TRACKED: names.RELEASED, names.EXPIRES: expires},
            "$deleteFromPrimitiveList/finalizers": [names.TRACKED],
        }


def _turn(name: PodName) -> Turn:
    return Turn(objects.run_in(name))

"""What becomes of pods: listed once, then watched, and listed again where something may have been missed.

The rules are client-go's reflector's, with two of our own: a watch that is silent although bookmarks should
come counts as broken, and what is not there any more after a list is told as gone.
"""

import random
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final, Protocol

from polyflow_shared.clock import Clock, backoff
from polyflow_shared.cluster.kubernetes.client import Object, Query, RefusedError, SilentError
from polyflow_shared.cluster.kubernetes.listing import Lister, pages
from polyflow_shared.cluster.kubernetes.pods.failures import fields
from polyflow_shared.cluster.kubernetes.shapes import an_event
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_shared.observing.logs import Log

WATCH_FOR: Final = 45.0
"""Seconds after which the server ends a watch by itself, so that one which outlives them is known as dead."""
SILENCE: Final = 60.0
"""Seconds without a word after which a watch counts as dead."""
TRIES: Final = 3
"""Watches that may break in a row before everything is listed again."""
FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 10.0
"""Seconds between two tries."""


@dataclass(frozen=True, slots=True)
class Present:
    """A pod as it stands."""

    pod: Object


@dataclass(frozen=True, slots=True)
class Gone:
    """A pod that is not among those that are followed any more: deleted, or its labels have changed."""

    name: str


Change = Present | Gone


class Asked(Lister, Protocol):
    """What an informer needs of a client."""

    def watch(self, path: str, query: Query, *, silence: float) -> AsyncIterator[list[Object]]:
        """Yield events."""


def _nobody() -> None:
    return


class _MissedError(Exception):
    """Events were missed: everything has to be listed again."""


class Informer:
    """Follows the pods of one collection that have certain labels."""

    def __init__(self, client: Asked, path: str, selector: str, clock: Clock, log: Log) -> None:
        """Begin with nothing known.

        Args:
            client: asks the API server.
            path: of the collection.
            selector: of labels.
            clock: for pauses between tries.
            log: told of what went wrong.
        """
        self._client = client
        self._path = path
        self._selector = selector
        self._clock = clock
        self._log = log
        self._known: set[str] = set()
        self._version = ""
        self._failures = 0

    async def follow(self, heard: Callable[[], None] = _nobody) -> AsyncIterator[Sequence[Change]]:
        """Yield all pods as they stand now, then changes, for ever.  Repetitions are possible, losses not.

        Args:
            heard: called once all were listed, and whenever the watch shows that it lives.
        """
        while True:
            try:
                if not self._version:
                    async for changes in self._list():
                        yield changes
                    heard()
                async for changes in self._watch():
                    heard()
                    if changes:
                        yield changes
                heard()
                self._failures = 0
            except (ClusterUnavailableError, RefusedError, SilentError, _MissedError) as error:
                await self._recover(error)

    async def _recover(self, error: Exception) -> None:
        self._failures += 1
        expired = isinstance(error, RefusedError) and error.expired
        if expired or isinstance(error, SilentError | _MissedError) or self._failures >= TRIES:
            self._version = ""
        pause = backoff(self._failures, first=FIRST_PAUSE, cap=LONGEST_PAUSE) * random.uniform(0.5, 1.0)
        self._log.warning(
            "watch_broken",
            pods=self._path,
            error=f"{type(error).__name__}: {error}",
            lists_again=not self._version,
            seconds=round(pause, 2),
        )
        await self._clock.sleep(pause)

    async def _list(self) -> AsyncIterator[Sequence[Change]]:
        listed: set[str] = set()
        version = ""
        async for page in pages(self._client, self._path, self._selector):
            pods = page.get("items") or []
            names = {_name(pod) for pod in pods}
            listed |= names
            self._known |= names
            if pods:
                yield [Present(pod) for pod in pods]
            version = page["metadata"]["resourceVersion"]
        missing, self._known = self._known - listed, listed
        self._version = version
        if missing:
            yield [Gone(name) for name in sorted(missing)]

    async def _watch(self) -> AsyncIterator[Sequence[Change]]:
        query: Query = {
            "labelSelector": self._selector,
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": int(WATCH_FOR * random.uniform(0.8, 1.0)),
        }
        async for events in self._client.watch(self._path, query, silence=SILENCE):
            whole = list(takewhile(_is_no_error, map(an_event, events)))
            # A portion without a change, such as a bookmark, is a sign of life.
            yield list(self._changes(whole))
            # What came before an error was told: the next watch begins behind it.
            if len(whole) < len(events):
                raise _broken(events[len(whole)]["object"])
            self._failures = 0

    def _changes(self, events: Sequence[Object]) -> Iterator[Change]:
        for event in events:
            kind, found = event["type"], event["object"]
            if kind in ("ADDED", "MODIFIED"):
                self._known.add(_name(found))
                yield Present(found)
            elif kind == "DELETED":
                self._known.discard(_name(found))
                yield Gone(_name(found))
            self._version = found["metadata"]["resourceVersion"]


def _is_no_error(event: Object) -> bool:
    return bool(event["type"] != "ERROR")


def _broken(status: Object) -> Exception:
    message = f"the watch has ended: {status.get('message', 'no reason given')}"
    refused = RefusedError(fields.whole(status.get("code")) or 0, status)
    return _MissedError(message) if refused.expired else ClusterUnavailableError(message)


def _name(pod: Any) -> str:
    return str(pod["metadata"]["name"])

"""Which released pods are removed, and when."""

import re

import pytest

from polyflow_shared.clock import FakeClock
from polyflow_shared.cluster.kubernetes.client import RefusedError
from polyflow_shared.cluster.kubernetes.place import Place
from polyflow_shared.cluster.kubernetes.pods import names
from polyflow_shared.cluster.kubernetes.upkeep import LIST_EVERY, Upkeep
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_shared.observing.logs import log_of

DUE = re.compile(rf"{names.EXPIRES} in \(([\d,]*)\)")

METADATA = {"name": "a", "namespace": "a", "uid": "u", "resourceVersion": "4"}


class Server:
    """Released pods, by the minute from which on they may go."""

    def __init__(self) -> None:
        self.expire: list[int] = []
        self.listed = 0

    async def get(self, path, query=None):
        released = f"{names.TRACKED}={names.RELEASED}" in query["labelSelector"]
        self.listed += released
        labels = [{names.EXPIRES: str(minute)} for minute in self.expire if released]
        pods = [{"metadata": {**METADATA, "labels": each}} for each in labels]
        return {"metadata": {"resourceVersion": "5"}, "items": pods}

    async def delete(self, path, query):
        due = DUE.search(query["labelSelector"])[1].split(",")
        self.expire = [minute for minute in self.expire if str(minute) not in due]


class Partial(Server):
    """Refuses what is asked about one namespace."""

    async def get(self, path, query=None):
        self.may(path)
        return await super().get(path, query)

    async def delete(self, path, query):
        self.may(path)
        await super().delete(path, query)

    @staticmethod
    def may(path):
        if "/namespaces/a/" in path:
            raise RefusedError(403, {"message": "you may not"})


async def test_a_namespace_that_refuses_us_is_told_and_the_others_are_gone_through() -> None:
    server, clock = Partial(), FakeClock()
    upkeep = Upkeep(server, Place(namespaces=["a", "b"]), clock, log_of("test"))
    left = []
    for _ in range(3):
        server.expire = [minute(clock)]
        with pytest.raises(ClusterUnavailableError, match="a: 403: you may not"):
            await upkeep.round()
        left.extend(server.expire)
        await clock.move(60)
    assert (left, server.listed) == ([], 1)


def minute(clock: FakeClock) -> int:
    return int(clock.now().timestamp() // 60)


async def test_a_pod_whose_release_had_waited_until_its_minute_was_over_is_removed_within_the_hour() -> None:
    server, clock = Server(), FakeClock()
    upkeep = Upkeep(server, Place(namespaces=["a"]), clock, log_of("test"))
    await upkeep.round()
    server.expire = [minute(clock) - 5]
    rounds = 0
    while server.expire and rounds < LIST_EVERY:
        await clock.move(60)
        await upkeep.round()
        rounds += 1
    assert server.expire == []


async def test_released_pods_are_listed_once_an_hour_and_removed_each_in_its_minute() -> None:
    server, clock = Server(), FakeClock()
    upkeep = Upkeep(server, Place(namespaces=["a"]), clock, log_of("test"))
    await upkeep.round()
    server.expire = [minute(clock) + 1, minute(clock) + 2]
    left = []
    for _ in range(2 * LIST_EVERY):
        await clock.move(60)
        await upkeep.round()
        left.append(len(server.expire))
    assert (left[:2], server.listed) == ([1, 0], 3)

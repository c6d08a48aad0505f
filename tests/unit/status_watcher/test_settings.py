"""Which pods a watcher watches, among several."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_services.status_watcher.settings import StatusWatcherSettings
from polyflow_shared.cluster.kubernetes.pods.names import SHARDS

EVERY = set(range(SHARDS))


def shards(parts: int, replica: int) -> tuple[int, ...]:
    return StatusWatcherSettings(watcher_parts=parts, watcher_replica=replica).shards


def test_one_alone_watches_all() -> None:
    assert StatusWatcherSettings().shards == ()


def test_variables_say_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYFLOW_WATCHER_PARTS", "4")
    monkeypatch.setenv("POLYFLOW_WATCHER_REPLICA", "5")
    assert StatusWatcherSettings().shards == (1, 5, 9, 13)


@given(st.integers(2, SHARDS))
def test_as_many_watchers_as_parts_watch_every_pod_once(parts: int) -> None:
    watched = [shard for replica in range(parts) for shard in shards(parts, replica)]
    assert sorted(watched) == sorted(EVERY)


@given(st.integers(2, SHARDS), st.integers(0, 99))
def test_further_watchers_take_the_parts_in_turn(parts: int, replica: int) -> None:
    assert shards(parts, replica) == shards(parts, replica + parts) != ()


@pytest.mark.parametrize("parts", [0, SHARDS + 1])
def test_more_parts_than_shards_are_refused(parts: int) -> None:
    with pytest.raises(ValueError, match="watcher_parts"):
        shards(parts, 0)

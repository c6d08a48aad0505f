"""What a catalogue of queues may say, what is said of a wrong one, and how a change is noticed."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.clock import FakeClock
from polyflow_shared.declared.catalogues import CatalogueError
from polyflow_shared.declared.queues import LOOK, LiveQueues, Queue, Queues, load, read
from polyflow_shared.language.findings import Finding

RIGHT = """
maxConcurrency: 20
queues:
- {name: gpu, cluster: eu-1, namespace: gpu-runs, priority: 10, limit: 8, projects: [vision], kueue: gpu-local}
- {name: low, priority: -1}
"""


def test_a_catalogue_is_read() -> None:
    found = read(RIGHT, "queues.yaml")
    assert (list(found.queues), found.operations) == (["gpu", "low"], 20)
    assert (found.queues["gpu"].limit, found.queues["low"].priority) == (8, -1)


WRONG = {
    "nothing in it": ("", "q.yaml:1:1: the document is empty"),
    "a list": ("- name: a", "q.yaml:1:1: a catalogue is a map (hint: write `queues:` above the list)"),
    "a field of the file that there is not": ("maxConcurency: 5", "(hint: did you mean `maxConcurrency`?)"),
    "a field that there is not": (
        "queues:\n- {name: a, limt: 5}",
        "q.yaml:2:13: unknown field `limt` (hint: did you mean `limit`?)",
    ),
    "a limit that lets nothing run": ("queues: [{name: a, limit: 0}]", "q.yaml:1:27: "),
    "the name of the queue of all others": (
        "queues: [{name: default}]",
        "q.yaml:1:17: `default` cannot be the name of a queue (hint: `default` is the queue",
    ),
    "a name twice": (
        "queues:\n- {name: a}\n- {name: b}\n- {name: a}",
        "q.yaml:4:10: there is another queue `a`",
    ),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG)
def test_a_wrong_catalogue_says_where_and_what_may_be_meant(text: str, says: str) -> None:
    with pytest.raises(CatalogueError) as raised:
        read(text, "q.yaml")
    assert says in str(raised.value)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"queues: .*gone\.yaml: no such file"):
        load(tmp_path / "gone.yaml", None)


def test_the_limit_of_the_file_comes_before_that_of_the_setting(tmp_path: Path) -> None:
    file = tmp_path / "q.yaml"
    for text, limit in (("maxConcurrency: 3", 3), ("queues: []", 7)):
        file.write_text(text)
        assert load(file, 7).operations == limit
    assert load(None, 7) == Queues(operations=7)


def test_access_is_by_project() -> None:
    found = read(RIGHT, "q.yaml")
    assert isinstance(found.find("gpu", "vision"), Queue)
    for name, project, says in (
        ("gpu", "x", "has no access"),
        ("gpus", "vision", "there is no queue `gpus`"),
    ):
        answer = found.find(name, project)
        assert isinstance(answer, Finding)
        assert says in answer.message


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_text_is_a_catalogue_or_is_refused(text: bytes | str) -> None:
    with suppress(CatalogueError):
        assert read(text, "q.yaml") == Queues()  # nothing random is a queue


class Log:
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[tuple[str, dict[str, Any]]] = []

    def info(self, event: str, **keys: Any) -> None:
        self.said.append((event, keys))

    error = info


async def test_a_file_that_changes_is_read_again_and_a_wrong_one_changes_nothing(tmp_path: Path) -> None:
    file, clock, log = tmp_path / "q.yaml", FakeClock(), Log()
    file.write_text("queues: [{name: a, limit: 1}]")
    live = LiveQueues(file, None)
    changes = live.changes(clock, log)  # type: ignore[arg-type]
    told = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)  # until it looks for the first time
    for text in ("queues: [{name: a, limit: none}]", "queues: [{name: a, limit: 1}] # the same"):
        file.write_text(text)
        await clock.move(LOOK)
        assert (told.done(), live.now.queues["a"].limit) == (False, 1)
    assert [event for event, _ in log.said] == ["queues_refused"]
    file.unlink()
    await clock.move(LOOK)
    other = tmp_path / "other"
    other.write_text("queues: [{name: a, limit: 2}]")
    other.rename(file)
    await clock.move(LOOK)
    assert ((await told).queues["a"].limit, live.now.queues["a"].limit) == (2, 2)
    assert [event for event, _ in log.said] == ["queues_refused", "queues_refused", "queues_changed"]
    await changes.aclose()

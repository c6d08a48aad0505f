"""Logs as files, and what an API server's audit log says of pods."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.verifier.audit import lives, read_audit
from tests.verifier.log import LoggedMessage, PodLife, read_messages, read_pods, write_messages, write_pods
from tests.verifier.story import RUN, START, good
from tests.verifier.verify import verify

NAME = f"pf-{RUN.replace('-', '')}-1-2"
LABELS = {"polyflow.io/run": RUN, "polyflow.io/index": "3", "polyflow.io/attempt": "0"}


def audited(
    verb: str, second: int, *, name: str = NAME, code: int = 200, sub: str = "", **body: Any
) -> dict[str, Any]:
    return {
        "verb": verb,
        "stageTimestamp": f"2026-01-01T00:00:{second:02}.000000Z",
        "objectRef": {"resource": "pods", "namespace": "ns", "name": name, "subresource": sub},
        "responseStatus": {"code": code},
        "requestObject": body,
    }


CASES = {
    "created, ended, removed": (
        [
            audited("create", 1, code=201),
            audited("patch", 2, sub="status", status={"phase": "Running"}),
            audited("patch", 5, sub="status", status={"phase": "Succeeded"}),
            audited("delete", 7),
        ],
        [PodLife(RUN, 1, 2, START + 1, START + 5, None, START + 7)],
    ),
    "the end that counts is the first": (
        [
            audited("create", 1, code=201),
            audited("patch", 5, sub="status", status={"phase": "Failed"}),
            audited("patch", 6, sub="status", status={"phase": "Failed"}),
        ],
        [PodLife(RUN, 1, 2, START + 1, START + 5)],
    ),
    "released, and kept for a while": (
        [
            audited("create", 1, code=201),
            audited("patch", 5, sub="status", status={"phase": "Succeeded"}),
            audited("patch", 6, metadata={"labels": {"polyflow.io/tracked": "released"}}),
        ],
        [PodLife(RUN, 1, 2, START + 1, START + 5, START + 6)],
    ),
    "a release that was carried out, and answered too late": (
        [
            audited("create", 1, code=201),
            audited("patch", 5, sub="status", status={"phase": "Succeeded"}),
            audited("patch", 6, code=504, metadata={"labels": {"polyflow.io/tracked": "released"}}),
        ],
        [PodLife(RUN, 1, 2, START + 1, START + 5, START + 6)],
    ),
    "asked to go is not gone": (
        [
            audited("create", 1, code=201),
            audited("create", 1, code=201, sub="binding"),
            audited("delete", 2),
            audited("delete", 3),
        ],
        [PodLife(RUN, 1, 2, START + 1, None, None, START + 2)],
    ),
    "an end that nobody took in": (
        [
            audited("create", 1, code=201),
            audited("patch", 5, code=504, sub="status", status={"phase": "Succeeded"}),
        ],
        [PodLife(RUN, 1, 2, START + 1)],
    ),
    "deleted before a node took it: that was its end": (
        [
            audited("create", 1, code=201),
            audited("delete", 2),
            audited("patch", 20, sub="status", status={"phase": "Failed"}),
        ],
        [PodLife(RUN, 1, 2, START + 1, START + 2, None, START + 2)],
    ),
    "a refused create begins nothing": ([audited("create", 1, code=409), audited("delete", 2, code=404)], []),
    "two creates are two pods": (
        [
            audited("create", 1, code=201),
            audited("create", 1, code=201, sub="binding"),
            audited("delete", 2),
            audited("create", 3, code=201),
        ],
        [PodLife(RUN, 1, 2, START + 1, None, None, START + 2), PodLife(RUN, 1, 2, START + 3)],
    ),
    "labels count more than the name": (
        [audited("create", 1, code=201, name="", metadata={"name": "x", "labels": LABELS})],
        [PodLife(RUN, 3, 0, START + 1)],
    ),
    "binding a pod to a node creates none": ([audited("create", 1, code=201, sub="binding")], []),
    "other people's pods": ([audited("create", 1, code=201, name="coredns-1")], []),
}


@pytest.mark.parametrize(("events", "expected"), CASES.values(), ids=CASES.keys())
def test_an_audit_log_tells_the_lives_of_pods(events: list[dict[str, Any]], expected: list[PodLife]) -> None:
    assert lives(events) == expected


@pytest.mark.parametrize(
    ("killed", "ended"),
    [((), 5), ((4,), 3.5), ((1,), 1), ((5,), 4.5), ((6,), 5), ((2, 4), 1.5)],
    ids=["never", "before", "at its creation", "at its end", "after it", "twice"],
)
def test_an_end_may_have_been_taken_in_by_a_server_that_was_killed_then(
    killed: tuple[float, ...], ended: float
) -> None:
    events = [
        audited("create", 1, code=201),
        audited("patch", 5, sub="status", status={"phase": "Succeeded"}),
    ]
    (life,) = lives(events, [START + at for at in killed])
    assert (life.created, life.ended) == (START + 1, START + ended)


def test_an_end_long_after_the_death_of_a_server_is_no_repetition() -> None:
    events = [
        audited("create", 1, code=201),
        audited("patch", 25, sub="status", status={"phase": "Succeeded"}),
    ]
    (life,) = lives(events, [START + 4])
    assert life.ended == START + 25


def test_a_line_that_is_still_being_written_is_left_out(tmp_path: Path) -> None:
    line = msgspec.json.encode(audited("create", 1, code=201))
    (tmp_path / "audit.log").write_bytes(line + b"\n" + line[:40])
    assert read_audit(tmp_path / "audit.log") == [PodLife(RUN, 1, 2, START + 1)]


def test_logs_survive_as_files(tmp_path: Path) -> None:
    story = good()
    story.messages.append(LoggedMessage("t", 0, 0, "", {}, b"\xff no JSON", START))
    story.messages.append(LoggedMessage("t", 0, 1, "", {}, None, START))
    write_messages(tmp_path / "messages", story.messages)
    write_pods(tmp_path / "pods", story.pods)
    assert read_messages(tmp_path / "messages") == story.messages
    assert read_pods(tmp_path / "pods") == story.pods
    assert verify(read_messages(tmp_path / "messages"), read_pods(tmp_path / "pods")) == []

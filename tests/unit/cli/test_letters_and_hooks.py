"""What commands print of runs that are kept: values with their letters, and which hook is which."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner

from polyflow.cli.runs.events import events
from polyflow.cli.runs.explain import explain
from polyflow.cli.runs.listing import ls
from polyflow.cli.runs.show import show
from polyflow_services.projector.core import project
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_topics.events import OperationChanged, OperationInGraph, RunChanged, RunPlanned
from polyflow_topics.hooks import HookRequested, HookSkipped
from polyflow_topics.message import Message
from polyflow_topics.names import OperationName, run_id
from polyflow_topics.status import Status

RUN, FIRST, SECOND = (run_id("test", name) for name in ("own", "first", "second"))
ABOUT = {"run": RUN, "name": "r", "at": datetime(2026, 3, 1, 12, tzinfo=UTC), "tags": ("ü|x",)}
PARAMS = {"word": "日本", "evil": "\x1b[31m\x9b\u202e"}
OUTPUTS = {"s": "é\n", "evil": "\x1b]0;\x07", "many": ["ö", "\x1b"], "text": "[\\u00e9"}


def run_of_one_job(*hooks: Message) -> list[Message]:
    done = {"operation": OperationName("main"), "index": 0, "status": Status.SUCCEEDED, "outputs": OUTPUTS}
    return [
        RunChanged(**ABOUT, sequence=1, status=Status.CREATED, kind="job", params=PARAMS),
        RunPlanned(**ABOUT, sequence=2, operations=(OperationInGraph(index=0, name="main"),)),
        OperationChanged(**ABOUT, **done, sequence=3),
        *hooks,
        RunChanged(**ABOUT, sequence=9, status=Status.SUCCEEDED, kind="job", params=PARAMS),
    ]


def hooked(sequence: int, place: int | None, trigger: str | None = None, **more: object) -> Message:
    told = {"hub": "say", "status": "succeeded", "place": place, "trigger": trigger, "sequence": sequence}
    kind = HookSkipped if "reason" in more else HookRequested
    return kind.model_validate({**ABOUT, **told, **more})


@pytest.fixture
def printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.setenv("POLYFLOW_HOME", str(tmp_path))

    def after(messages: Iterable[Message], command: Command, *words: str) -> str:
        model = SqliteReadModel.open(tmp_path / "history.db")
        model.apply(project(messages))
        model.close()
        done = CliRunner().invoke(command, words, catch_exceptions=False)
        assert done.exit_code == 0
        return done.stdout

    return after


def test_a_run_is_shown_with_the_letters_of_its_values_and_nothing_that_steers(
    printed: Callable[..., str],
) -> None:
    lines = printed(run_of_one_job(), show, RUN).splitlines()
    assert r'  params    {"word": "日本", "evil": "\u001b[31m\x9b\u202e"}' in lines
    assert r'  s = "é\n"' in lines
    assert r'  evil = "\u001b]0;\u0007"' in lines
    assert r'  many = ["ö", "\u001b"]' in lines


def test_columns_have_the_letters_of_their_values_and_nothing_that_steers(
    printed: Callable[..., str],
) -> None:
    columns = "tags,params.word,params.evil,outputs.many,outputs.text,name"
    header, line = printed(run_of_one_job(), ls, "--columns", columns).splitlines()
    for shown in ('["ü|x"]', "日本", r"\x1b[31m\x9b\u202e", r'["ö", "\u001b"]', r"[\u00e9"):
        assert f"{shown}  " in line
    assert line.endswith("  r")
    assert line.index("日") == header.index("PARAMS.WORD")
    assert line.index("\\x1b") == header.index("PARAMS.EVIL") - 2, "two letters take two columns each"
    (found,) = json.loads(printed([], ls, "--columns", columns, "--format", "json"))
    assert found["params.evil"] == PARAMS["evil"]


def test_hooks_of_one_component_are_told_apart(printed: Callable[..., str]) -> None:
    story = run_of_one_job(
        hooked(4, 0, hook=FIRST),
        hooked(5, 1, "failed", reason="TriggerNotMet", message="it is for `failed`"),
        hooked(6, 2, "succeeded", hook=SECOND),
    )
    assert printed(story, explain, RUN).splitlines()[1:] == [
        f"hook say #1 is run {FIRST}, requested",
        "hook say #2 (failed) was not asked for: TriggerNotMet: it is for `failed`",
        f"hook say #3 (succeeded) is run {SECOND}, requested",
    ]
    table = printed([], show, RUN).splitlines()
    begin = next(place for place, line in enumerate(table) if line.startswith("HOOK"))
    assert [line.partition("  ")[0] for line in table[begin : begin + 3]] == [
        "HOOK",
        "say #1",
        "say #3 (succeeded)",
    ]
    shown = json.loads(printed([], show, RUN, "--format", "json"))["hooks"]
    assert [(one["number"], one["trigger"]) for one in shown] == [(1, None), (3, "succeeded")]
    listed = printed([], events, RUN)
    assert "succeeded: hook say #1 requested" in listed
    assert "succeeded: hook say #2 (failed) skipped" in listed


def test_hooks_of_an_earlier_release_have_no_number(printed: Callable[..., str]) -> None:
    told = printed(run_of_one_job(hooked(4, None, hook=FIRST)), explain, RUN)
    assert told.splitlines()[-1] == f"hook say is run {FIRST}, requested"

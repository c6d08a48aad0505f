"""Why a run stands as it does, as it is told wherever the run is known."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from polyflow.cli.runs.explain import EVENTS_GONE, NO_ANSWER, explained
from polyflow.events.hooks import HookView
from polyflow.history import UnknownOperationError, UnknownRunError
from polyflow.known.sources import Known, look
from polyflow.running.asking import HasEndedError, NotRunningError, RefusedError, accepted
from polyflow_shared.read_model.views import OperationView, RunView, StatusChange
from polyflow_topics.events import RequestAnswered
from polyflow_topics.names import RunId
from polyflow_topics.operating import RunRequest

RUN = RunId("run-1")
AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
ENDED = ("RunEnded", "the run has ended")
KEPT = ("Kept", "there is no such run yet; this is kept for an hour")
EXPLAINED = ("Explained", "a is running\nit runs")


def answer(why: tuple[str, str], *, yes: bool = True) -> RequestAnswered:
    return RequestAnswered(
        run=RUN, sequence=0, at=AT, kind="explain", accepted=yes, reason=why[0], message=why[1]
    )


class Told:
    """A source that knows a run as it is given, one state after the other, and a planner that answers so."""

    def __init__(self, *states: Known | None, answer: RequestAnswered | Exception | None = None) -> None:
        self._states = list(states)
        self._answer = answer
        self.asked: list[str] = []

    async def known(self, run: str, *, again: bool = False) -> Known | None:
        return self._states.pop(0)

    async def ask(self, message: RunRequest) -> RequestAnswered | None:
        self.asked.append(message.operation)
        if isinstance(self._answer, Exception):
            raise self._answer
        return accepted(self._answer)

    def command(self, run: RunId) -> str:
        return look(run, "k:9092")


def run(status: str, *, hooks: Sequence[HookView] = (), whole: bool = True) -> Known:
    why = {"reason": "Error", "message": "exit code 3"} if status == "failed" else {}
    changes = (StatusChange(status="running", at=AT), StatusChange(status=status, at=AT, **why))
    operation = OperationView(index=0, name="a", status=status, statuses=changes, **why)
    view = RunView(id=RUN, status=status, operations={"a": operation} if whole else {})
    return Known(view, tuple(hooks), whole)


async def test_what_has_ended_is_told_by_its_events_and_nobody_is_asked():
    source = Told(run("failed"), run("failed"))
    assert await explained(source, RUN, "") == ["the run failed", "a failed: Error: exit code 3"]
    of_a = await explained(source, RUN, "a")
    assert (of_a[0], len(of_a), source.asked) == ("a failed: Error: exit code 3", 3, [])


@pytest.mark.parametrize("ended", [answer(ENDED, yes=False), NotRunningError("gone")])
async def test_what_ends_while_it_is_asked_about_is_looked_at_again(ended):
    source = Told(run("running"), run("failed"), answer=ended)
    assert await explained(source, RUN, "") == ["the run failed", "a failed: Error: exit code 3"]


async def test_what_goes_on_is_told_by_the_planner_and_its_statuses_by_events():
    source = Told(run("running"), answer=answer(EXPLAINED))
    of_a = await explained(source, RUN, "a")
    assert of_a[:2] == ["a is running", "it runs"]
    assert [line.split()[-1] for line in of_a[2:]] == ["running", "running"]


async def test_where_no_answer_comes_the_events_are_told():
    assert await explained(Told(run("running")), RUN, "") == [NO_ANSWER, "the run running", "a running"]


@pytest.mark.parametrize("said", [None, answer(KEPT)])
async def test_a_run_of_which_nothing_is_known_is_an_error(said):
    with pytest.raises(UnknownRunError, match=r"no events of a run 'run-1' .* give its whole id"):
        await explained(Told(None, answer=said), RUN, "")


async def test_a_run_that_has_ended_and_whose_events_are_gone_is_an_error():
    with pytest.raises(UnknownRunError, match="any more"):
        await explained(Told(None, None, answer=answer(ENDED, yes=False)), RUN, "")


async def test_of_a_run_whose_events_are_gone_the_planner_tells():
    source = Told(None, answer=answer(EXPLAINED))
    assert await explained(source, RUN, "a") == ["a is running", "it runs", EVENTS_GONE]


@pytest.mark.parametrize("name", ["", "a"])
async def test_of_a_run_whose_first_events_are_gone_is_told_what_there_is(name):
    source = Told(run("failed", whole=False), run("running", whole=False), answer=answer(EXPLAINED))
    assert await explained(source, RUN, name) == ["the run failed", EVENTS_GONE]
    assert await explained(source, RUN, name) == ["a is running", "it runs", EVENTS_GONE]


async def test_an_operation_that_there_is_not_is_an_error():
    with pytest.raises(UnknownOperationError, match="no operation 'b'; it has a"):
        await explained(Told(run("running")), RUN, "b")


async def test_a_refusal_is_an_error_of_its_own_where_the_run_has_ended():
    for why, kind in ((ENDED, HasEndedError), (("UnknownOperation", "none"), RefusedError)):
        with pytest.raises(RefusedError) as refused:
            accepted(answer(why, yes=False))
        assert type(refused.value) is kind


async def test_a_refused_hook_is_told_with_the_command_that_tells_more_there():
    hook = HookView("say", "", RunId("run-2"), "rejected", "ConditionInvalid", "no `x`")
    *_, last = await explained(Told(run("failed", hooks=[hook])), RUN, "")
    assert last == (
        "hook say was refused: ConditionInvalid: no `x`; see: polyflow explain run-2 --kafka k:9092"
    )


async def test_hooks_of_an_earlier_life_are_told_apart():
    hooks = [
        HookView("say", "", RunId("run-2"), "failed"),
        HookView("say", "", None, "skipped", generation=1),
    ]
    known = run("failed", hooks=hooks)
    told = await explained(Told(replace(known, view=replace(known.view, generation=1))), RUN, "")
    assert told[-2:] == [
        "hook say is run run-2, failed (before the run was resumed)",
        "hook say was not asked for",
    ]

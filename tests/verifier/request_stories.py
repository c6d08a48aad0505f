"""Logs about what users ask of runs, runs from runs, hooks, questions, turns: each says in its name what is special."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec

from polyflow_topics import catalog
from polyflow_topics.names import operation_id, run_id
from tests.verifier.log import LoggedMessage
from tests.verifier.story import ID, RUN, Story, begun, beside_each_other
from tests.verifier.violation import Strictness

PLANNER = "/polyflow/planner"
LOSSES = Strictness().losses


def moment(story: Story) -> str:
    return datetime.fromtimestamp(story.now, UTC).isoformat()


def ask(story: Story, kind: str, operation: str = "", *, answer: bool = True, **more: Any) -> None:
    """Let somebody ask something, and get an answer: that it is done, unless `more` says another one."""
    told = {"accepted": more.pop("accepted", True), "reason": more.pop("reason", "")}
    about = {"run": RUN, "kind": kind, "request": f"{kind}-{len(story.messages)}", "operation": operation}
    story.say(catalog.RUN_INBOX.name, "polyflow.operating.requested.v1", **about, **more)
    if answer:
        said = {**about, "sequence": 0, "at": moment(story), **told}
        story.say(catalog.RUN_EVENTS.name, "polyflow.request.answered.v1", **said)


def unanswered() -> Story:
    story = begun()
    ask(story, "explain", answer=False)
    story.operate("a")
    story.operate("b")
    story.run("succeeded")
    return story


def paused(*, launched: bool) -> Story:
    story = begun()
    story.operate("a")
    ask(story, "pause")
    if not launched:
        ask(story, "unpause")
    story.operate("b")
    story.run("succeeded")
    return story


def paused_again(*unpaused: bool) -> Story:
    """`b` waits for a run that is paused, and is said to do so again, after answers to who wanted it to go on."""
    story = begun()
    story.operate("a")
    ask(story, "pause")
    story.operation("b", "queued", reason="Paused")
    for accepted in unpaused:
        ask(story, "unpause", accepted=accepted)
    ask(story, "pause")
    story.operation("b", "queued", reason="Paused")
    ask(story, "unpause")
    story.operate("b")
    story.run("succeeded")
    return story


def waits_again(*reasons: str) -> Story:
    """`b` is said to wait for this, then for that."""
    story = begun()
    story.operate("a")
    for reason in reasons:
        story.operation("b", "queued", reason=reason)
    story.operate("b")
    story.run("succeeded")
    return story


def hurried(reason: str) -> Story:
    """`b` is approved and executed while `a` is, which is equal; the answer says with which effect."""
    story = begun(upstream=False)
    ask(story, "approve", "b", reason=reason)
    return beside_each_other(story, overlap=True, cache="5a")


def approved(*, first: bool) -> Story:
    story = begun(about_a={"approval": True})
    if first:
        ask(story, "approve", "a")
    story.operate("a")
    story.operate("b")
    story.run("succeeded")
    return story


def skipped(*, launched: bool) -> Story:
    story = begun()
    story.operate("a")
    ask(story, "skip", "b")
    if launched:
        story.now += 1
        story.operate("b")
    else:
        story.operation("b", "skipped")
    story.run("succeeded")
    return story


def limit_set(before: int | None, after: int | None) -> Story:
    """`a` and `b` run at the same time, after the limit was changed."""
    story = begun(concurrency=before, upstream=False)
    ask(story, "limit", concurrency=after)
    story.launch("a")
    story.pod("a", lasts=9)
    story.launch("b")
    story.pod("b", lasts=9)
    story.wait_for_pod()
    story.settle("a", "b")
    story.run("succeeded")
    return story


# Runs from runs


def resume(story: Story, generation: int = 0) -> str:
    """Publish a request that wants the run to go on; return what events call it."""
    kept = [{"name": "a", "status": "succeeded", "outputs": {"v": 1}}]
    origin = {"run": RUN, "kind": "resume", "generation": generation, "kept": kept}
    message = story.say(
        catalog.PIPELINE_REQUESTS.name,
        "polyflow.pipeline.request.v1",
        headers={"ce_id": "again"},
        origin=origin,
    )
    return sha256(message.value or b"").hexdigest()


def resumed(
    *,
    outputs: int = 1,
    seen: int = 0,
    attempt: int = 1,
    again: bool = False,
    ends: bool = True,
    stop: str = "",
) -> Story:
    """`b` fails; the run goes on with it, and keeps `a`; a stop comes `before` it does or `after` that.

    Where it comes `between` two plans, the first request was planned again before it.
    """
    story = begun()
    story.launch("a")
    story.pod("a")
    story.wait_for_pod()
    story.report("a", "succeeded")
    story.operation("a", "succeeded", outputs={"v": 1})
    story.command("release", "a")
    story.operate("b", "failed")
    story.run("failed")
    specification = resume(story, seen)
    # The run goes on in the moment in which it is stopped, and its first request is planned again.
    for say in {"before": [story.stop], "between": [story.begin, story.stop]}.get(stop, ()):
        say()
        story.now -= 1
    _plan_again(story, specification)
    if stop == "after":
        story.stop()
    about = {"specification": specification, "operations": 2, "generation": 1}
    origin = {"run": RUN, "kind": "resume", "generation": seen}
    story.event("run", "created", reason="Resumed", origin=origin, **about)
    story.event("run", "running", **about)
    if again:
        story.operate("a", attempt=1)
    else:
        story.operation("a", "succeeded", attempt=1, reason="Kept", outputs={"v": outputs})
    story.operate("b", attempt=attempt)
    if ends:
        story.event("run", "succeeded", **about)
    return story


def resumed_after_a_claim(*, claimed: bool = True) -> Story:
    """An attempt of `b` asks the cache before the run is stopped; resumed, `b` is lost as often as may be."""
    story = begun(upstream=False)
    story.operation("a", "succeeded", reason="CacheHit", outputs={"v": 1})
    if claimed:
        dated = datetime.fromtimestamp(story.now, UTC).isoformat(timespec="milliseconds")
        story.say(
            catalog.CACHE_REQUESTS.name,
            "polyflow.result.look-up.v1",
            headers={"ce_time": dated},
            run=RUN,
            operation="b",
            index=1,
            attempt=0,
        )
    story.stop()
    story.operation("b", "stopped")
    story.run("stopped")
    specification = resume(story)
    _plan_again(story, specification)
    about = {"specification": specification, "operations": 2, "generation": 1}
    origin = {"run": RUN, "kind": "resume", "generation": 0}
    story.event("run", "created", reason="Resumed", origin=origin, **about)
    story.event("run", "running", **about)
    story.operation("a", "succeeded", attempt=1, reason="Kept", outputs={"v": 1})
    for attempt in range(1, LOSSES + 1):
        story.launch("b", attempt)
        story.pod("b", attempt)
        story.wait_for_pod()
        story.report("b", "lost", attempt)
        story.operation("b", "retrying", attempt)
        story.command("release", "b", attempt)
    story.operate("b", attempt=LOSSES + 1)
    story.event("run", "succeeded", **about)
    return story


def _plan_again(story: Story, specification: str) -> None:
    """Plan the run that goes on, and keeps `a`."""
    inbox = catalog.RUN_INBOX.name
    story.say(inbox, "polyflow.plan.begun.v1", run=RUN, specification=specification, plan="second")
    story.say(
        inbox,
        "polyflow.plan.part.v1",
        run=RUN,
        plan="second",
        operations=[
            {
                "index": 0,
                "name": "a",
                "scope": 0,
                "trigger": "all_succeeded",
                "kept": {"status": "succeeded"},
            },
            {"index": 1, "name": "b", "scope": 0, "trigger": "all_succeeded"},
        ],
        edges=[{"source": 0, "chunk": 0, "targets": [1]}],
        scopes=[{"number": 0, "name": ""}],
    )


def resumption_unanswered() -> Story:
    story = begun()
    story.operate("a")
    story.operate("b")
    story.run("succeeded")
    resume(story)
    return story


# Hooks


def hooked(trigger: str | None = "succeeded", *, requested: bool = True, told: bool = True) -> Story:
    """`a` succeeds, and has a hook."""
    story = begun(hooks=[{"owner": 0, "place": 0, "trigger": trigger}])
    story.operate("a")
    identity = f"{RUN}/0/hook/a/0"
    followed = run_id(PLANNER, identity)
    if requested:
        headers = {"ce_id": identity, "ce_source": PLANNER}
        story.say(catalog.PIPELINE_REQUESTS.name, "polyflow.pipeline.request.v1", headers=headers)
        story.say(catalog.RUN_EVENTS.name, "polyflow.request.rejected.v1", run=followed, specification="5bec")
    if told:
        story.sequence += 1
        about = {"run": RUN, "sequence": story.sequence, "hook": followed, "status": "succeeded"}
        story.say(catalog.RUN_EVENTS.name, "polyflow.hook.requested.v1", at=moment(story), **about)
    story.operate("b")
    story.run("succeeded")
    return story


# Questions and turns


def found(*uuids: str, then: str = "") -> Story:
    """`b` asks which runs and operations have succeeded, and gets these; its next attempt, perhaps another one."""
    question = {"query": "status: succeeded", "entries": ["globals.uuid"]}
    param = {"name": "found", "found": [{"question": 0, "entry": 0}]}
    story = begun(about_b={"questions": [question], "params": [param], "max_retries": 1})
    story.operate("a")
    story.launch("b", params={"found": list(uuids)})
    story.pod("b")
    story.wait_for_pod()
    story.report("b", "failed" if then else "succeeded")
    if then:
        story.operation("b", "retrying")
        story.command("release", "b")
        story.launch("b", attempt=1, params={"found": [then]})
        story.pod("b", attempt=1)
        story.wait_for_pod()
        story.report("b", "succeeded", attempt=1)
    story.operation("b", "succeeded", attempt=1 if then else 0)
    story.command("release", "b", attempt=1 if then else 0)
    story.run("succeeded")
    return story


A = operation_id(RUN, "a")  # type: ignore[arg-type]
OTHER = run_id("/tests", "other")


def take_over(story: Story) -> None:
    """Let another admission service begin."""
    story.now += 1
    topic = catalog.ADMISSION_ROWS.name
    story.messages.append(LoggedMessage(topic, 0, 0, "barrier/1", {}, b"{}", story.now))


def turns(grants: int, taken_over: str = "") -> Story:
    """While the run waits in a queue, another one is given so many slots.

    Admission is taken over `before` it waits, `while` it does, or `after` that.
    """
    story = begun()
    if taken_over == "before":
        take_over(story)
    _answer_about_slot(story, RUN, granted=False)
    for attempt in range(grants):
        _answer_about_slot(story, OTHER, attempt=attempt, granted=True)
        if taken_over == "while" and attempt == 0:
            take_over(story)
    _answer_about_slot(story, RUN, granted=True)
    if taken_over == "after":
        take_over(story)
    return _ended(story)


def turns_after_a_pause() -> Story:
    """While one operation of the run waits, another one of it is given a slot, twice: it was paused between."""
    story = begun()
    _answer_about_slot(story, RUN, granted=False)
    for question in range(2):
        _answer_about_slot(story, RUN, index=1, question=question, granted=True)
        _answer_about_slot(story, OTHER, attempt=question, granted=True)
    _answer_about_slot(story, RUN, granted=True)
    return _ended(story)


def _answer_about_slot(
    story: Story, run: str, *, granted: bool, index: int = 0, attempt: int = 0, question: int = 0
) -> None:
    story.say(
        catalog.RUN_INBOX.name,
        "polyflow.slot.answered.v1",
        headers={"ce_time": moment(story), "ce_id": ID},
        run=run,
        operation="ab"[index],
        index=index,
        attempt=attempt,
        queue="low",
        question=question,
        granted=granted,
    )


def _ended(story: Story) -> Story:
    story.operate("a")
    story.operate("b")
    story.run("succeeded")
    return story


def many_launches(count: int) -> Story:
    """A run of a thousand operations launches so many before the cluster has answered."""
    story = Story()
    story.request()
    story.begin()
    operations = [{"index": number, "name": f"o{number}"} for number in range(1000)]
    inbox, commands = catalog.RUN_INBOX.name, "polyflow.operation-commands.local"
    story.say(inbox, "polyflow.plan.part.v1", run=RUN, plan="5bec", operations=operations)
    story.run("created")
    for number in range(count):
        about = {"run": RUN, "operation": f"o{number}", "index": number, "attempt": 0}
        value = msgspec.json.encode(about)
        launch = story.messages[-1]
        headers = {**launch.headers, "ce_type": "polyflow.operation.launch.v1"}
        story.messages.append(
            msgspec.structs.replace(
                launch, topic=commands, offset=number, headers=headers, value=value, at=story.now
            )
        )
    return story

"""Logs about what users ask of runs, runs from runs, hooks, questions, turns: each says in its name what is special."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec

from polyflow_topics import catalog
from polyflow_topics.names import operation_id, run_id
from tests.verifier.story import ID, RUN, Story, begun

PLANNER = "/polyflow/planner"


def moment(story: Story) -> str:
    return datetime.fromtimestamp(story.now, UTC).isoformat()


def ask(story: Story, kind: str, operation: str = "", *, answer: bool = True, **more: Any) -> None:
    """Let somebody ask something, and get an answer."""
    about = {"run": RUN, "kind": kind, "request": f"{kind}-{len(story.messages)}", "operation": operation}
    story.say(catalog.RUN_INBOX.name, "polyflow.operating.requested.v1", **about, **more)
    if answer:
        said = {**about, "sequence": 0, "accepted": True, "reason": "", "at": moment(story)}
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
    *, outputs: int = 1, seen: int = 0, attempt: int = 1, again: bool = False, ends: bool = True
) -> Story:
    """`b` fails; the run goes on with it, and keeps `a`."""
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


def turns(grants: int) -> Story:
    """While the run waits in a queue, another one is given so many slots."""
    story = begun()
    other = run_id("/tests", "other")

    def slot(run: str, attempt: int, *, granted: bool) -> None:
        about = {"run": run, "operation": "a", "index": 0, "attempt": attempt, "queue": "low"}
        story.say(
            catalog.RUN_INBOX.name,
            "polyflow.slot.answered.v1",
            headers={"ce_time": moment(story), "ce_id": ID},
            **about,
            granted=granted,
        )

    slot(RUN, 0, granted=False)
    for attempt in range(grants):
        slot(other, attempt, granted=True)
    slot(RUN, 0, granted=True)
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

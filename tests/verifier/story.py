"""Hand-made logs: a run of two operations, `b` after `a`, that goes well, and the words to spoil it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from polyflow_topics import catalog
from polyflow_topics.names import run_id
from tests.verifier.log import LoggedMessage, PodLife

SOURCE, ID = "/tests", "request-1"
RUN = run_id(SOURCE, ID)
START = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
COMMANDS = f"{catalog.OPERATION_COMMANDS.name}.local"
SPECIFICATION = "5bec"

INDEX = {"a": 0, "b": 1}


@dataclass
class Story:
    """A log in the making; a second passes with every record."""

    messages: list[LoggedMessage] = field(default_factory=list)
    pods: list[PodLife] = field(default_factory=list)
    now: float = START
    sequence: int = 0

    def say(
        self, topic: str, wire: str, /, *, headers: dict[str, str] | None = None, **data: Any
    ) -> LoggedMessage:
        self.now += 1
        offset = sum(message.topic == topic for message in self.messages)
        value = msgspec.json.encode(data)
        around = {"ce_type": wire, "ce_id": ID, "ce_source": SOURCE, **(headers or {})}
        self.messages.append(LoggedMessage(topic, 0, offset, RUN, around, value, self.now))
        return self.messages[-1]

    def event(self, wire: str, status: str, **more: Any) -> LoggedMessage:
        self.sequence += 1
        at = datetime.fromtimestamp(self.now, UTC).isoformat()
        return self.say(
            catalog.RUN_EVENTS.name,
            f"polyflow.{wire}.changed.v1",
            **{"run": RUN, "sequence": self.sequence, "status": status, "at": at, **more},
        )

    def run(self, status: str) -> LoggedMessage:
        return self.event("run", status, specification=SPECIFICATION, operations=2)

    def operation(
        self, name: str, status: str, attempt: int = 0, reason: str = "", **more: Any
    ) -> LoggedMessage:
        about = {"operation": name, "index": INDEX[name], "attempt": attempt, "reason": reason}
        return self.event("operation", status, **about, **more)

    def command(self, kind: str, name: str, attempt: int = 0) -> LoggedMessage:
        about: dict[str, Any] = {"run": RUN, "operation": name, "index": INDEX[name], "attempt": attempt}
        return self.say(COMMANDS, f"polyflow.operation.{kind}.v1", **about)

    def report(self, name: str, status: str, attempt: int = 0, **more: Any) -> LoggedMessage:
        about: dict[str, Any] = {
            "run": RUN,
            "operation": name,
            "index": INDEX[name],
            "attempt": attempt,
            "status": status,
            **more,
        }
        return self.say(catalog.RUN_INBOX.name, "polyflow.operation.reported.v1", **about)

    def state(self, name: str, number: int, attempt: int = 0, **outputs: Any) -> LoggedMessage:
        about = {"run": RUN, "index": INDEX[name], "attempt": attempt, "number": number}
        return self.say(catalog.RUN_INBOX.name, "polyflow.outputs.logged.v1", **about, outputs=outputs)

    def stop(self, scope: str = "") -> LoggedMessage:
        return self.say(catalog.RUN_INBOX.name, "polyflow.stop.requested.v1", run=RUN, scope=scope)

    def pod(
        self, name: str, attempt: int = 0, *, lasts: float | None = 2.0, released: bool = True
    ) -> PodLife:
        ended = None if lasts is None else self.now + lasts
        self.pods.append(
            PodLife(RUN, INDEX[name], attempt, self.now, ended, ended + 1 if ended and released else None)
        )
        return self.pods[-1]

    def request(self, identity: str = ID) -> LoggedMessage:
        return self.say(
            catalog.PIPELINE_REQUESTS.name, "polyflow.pipeline.request.v1", headers={"ce_id": identity}
        )

    def begin(self, specification: str = SPECIFICATION) -> None:
        inbox = catalog.RUN_INBOX.name
        self.say(inbox, "polyflow.plan.begun.v1", run=RUN, specification=specification, plan=specification)

    def plan(
        self,
        trigger: str = "all_succeeded",
        *,
        concurrency: int | None = None,
        upstream: bool = True,
        about_a: Mapping[str, Any] | None = None,
        about_b: Mapping[str, Any] | None = None,
        edge: Mapping[str, Any] | None = None,
        hooks: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.begin()
        self.say(
            catalog.RUN_INBOX.name,
            "polyflow.plan.part.v1",
            run=RUN,
            plan=SPECIFICATION,
            operations=[
                {
                    "index": 0,
                    "name": "a",
                    "scope": 0,
                    "trigger": "all_succeeded",
                    "max_retries": 1,
                    **(about_a or {}),
                },
                {"index": 1, "name": "b", "scope": 0, "trigger": trigger, **(about_b or {})},
            ],
            edges=[{"source": 0, "chunk": 0, "targets": [1], **(edge or {})}] if upstream else [],
            scopes=[{"number": 0, "name": "", "concurrency": concurrency}],
            hooks=hooks,
        )
        self.run("created")
        self.run("running")

    def launch(self, name: str, attempt: int = 0, **more: Any) -> None:
        self.operation(name, "scheduled", attempt, **more)
        self.command("launch", name, attempt)

    def wait_for_pod(self, number: int = -1) -> None:
        """Let time pass until a pod has ended."""
        self.now = self.pods[number].ended or 0.0

    def settle(self, *names: str) -> None:
        """Let the first attempt of each be reported to have succeeded, and told."""
        for name in names:
            self.report(name, "succeeded")
            self.operation(name, "succeeded")

    def operate(self, name: str, status: str = "succeeded", attempt: int = 0) -> None:
        """Let one attempt be launched, run and end."""
        self.launch(name, attempt)
        self.pod(name, attempt)
        self.report(name, "running", attempt)
        self.operation(name, "running", attempt)
        self.now = max(self.now, self.pods[-1].ended or 0.0)
        self.report(name, status, attempt)
        self.operation(name, status, attempt)
        self.command("release", name, attempt)

    def row(self, key: str, value: bytes | None, *, epoch: int = 0) -> None:
        topic = catalog.PLANNER_ROWS.name
        offset = sum(message.topic == topic for message in self.messages)
        if not offset:
            self.messages.append(LoggedMessage(topic, 0, 0, "barrier/1", {}, b"{}", self.now))
            offset = 1
        headers = {"epoch": str(epoch)}
        self.messages.append(LoggedMessage(topic, 0, offset, f"{RUN}/{key}", headers, value, self.now))

    def without(self, wire: str) -> "Story":
        """Leave out all messages of a kind."""
        self.messages = [one for one in self.messages if one.headers.get("ce_type") != wire]
        return self

    def change_pod(self, number: int, **changes: Any) -> "Story":
        self.pods[number] = _changed(self.pods[number], changes)
        return self


def _changed(pod: PodLife, changes: dict[str, Any]) -> PodLife:
    return PodLife(**{**msgspec.structs.asdict(pod), **changes})


def begun(trigger: str = "all_succeeded", **plan: Any) -> Story:
    """Return a run that was asked for and planned."""
    story = Story()
    story.request()
    story.plan(trigger, **plan)
    return story


def beside_each_other(story: Story, *, overlap: bool, **more: Any) -> Story:
    """Let `b` be launched before or after `a` has ended, and both succeed; `more` is said of their launches."""
    story.launch("a", **more)
    story.pod("a", lasts=5)
    if not overlap:
        story.wait_for_pod()
    story.launch("b", **more)
    story.pod("b", lasts=5)
    story.wait_for_pod()
    story.settle("a", "b")
    story.run("succeeded")
    return story


def good() -> Story:
    """Return a run that keeps every promise: `a` fails once and is tried again, then `b`."""
    story = begun()
    story.launch("a")
    story.pod("a")
    story.wait_for_pod()
    story.report("a", "failed")
    story.operation("a", "retrying")
    story.command("release", "a")
    story.operate("a", attempt=1)
    story.operate("b")
    story.run("succeeded")
    story.row("stub", b'["stub.v1"]')
    return story

"""Logs about further attempts, services, outputs and cached results: each says in its name what is special about it."""

from typing import Any

from tests.verifier.story import Story, begun, beside_each_other

SERVICE: dict[str, Any] = {"parts": {"service": {"ports": [80]}}}


def served(*, up: bool) -> Story:
    """`a` is a service: `b` begins when it is up, and it ends when `b` has ended."""
    return beside(begun(about_a=SERVICE), running=up, end="stopped")


def awaited(*, runs: bool) -> Story:
    """`b` waits for `a` to run, and begins before that has ended."""
    edge = {"group": 0, "events": ["running"]}
    return beside(begun(edge=edge), running=runs, end="succeeded")


def beside(story: Story, *, running: bool, end: str) -> Story:
    """Let `b` run and end while `a` does; that it runs may go unsaid."""
    story.launch("a")
    story.pod("a", lasts=20)
    if running:
        story.report("a", "running")
        story.operation("a", "running")
    story.operate("b")
    story.wait_for_pod(0)
    story.report("a", end)
    story.operation("a", end)
    story.command("release", "a")
    story.run("succeeded")
    return story


def ruled(action: str, *, again: bool) -> Story:
    """`a` has a rule about exit code 75, with which it fails; it may be tried again."""
    rule = {"action": action, "exit_codes": [75]}
    story = first_ended("all_done", about_a={"failure_rules": [rule]})
    story.report("a", "failed", exit_code=75)
    story.operation("a", "retrying" if again else "failed", exit_code=None if again else 75)
    return gone_on(story, again=again)


def node_lost(*, again: bool) -> Story:
    """The node of `a` dies."""
    story = first_ended("all_done")
    story.report("a", "lost")
    story.operation("a", "retrying" if again else "failed", reason="Lost")
    return gone_on(story, again=again)


def waited(seconds: float) -> Story:
    """`a` fails, and is to be tried again in 90 s."""
    story = first_ended()
    story.report("a", "failed")
    story.operation("a", "retrying", message="tried again in 90.0 s, at some time (retry 1 of 1)")
    return gone_on(story, again=True, wait=seconds)


def first_ended(trigger: str = "all_succeeded", **plan: Any) -> Story:
    """Let the pod of the first attempt of `a` end."""
    story = begun(trigger, **plan)
    story.launch("a")
    story.pod("a")
    story.wait_for_pod()
    return story


def gone_on(story: Story, *, again: bool, wait: float = 0.0) -> Story:
    """Let the attempt of `a` be released, perhaps another one follow, and then `b`."""
    story.command("release", "a")
    story.now += wait
    if again:
        story.operate("a", attempt=1)
    story.operate("b")
    story.run("succeeded" if again else "failed")
    return story


def stated(outputs: int) -> Story:
    """`a` states `v=1`, then `v=2`, and ends with this one."""
    story = begun()
    story.launch("a")
    story.pod("a")
    story.state("a", 1, v=1)
    story.state("a", 2, v=2)
    story.wait_for_pod()
    story.report("a", "succeeded", awaited=2)
    story.operation("a", "succeeded", outputs={"v": outputs})
    story.command("release", "a")
    story.operate("b")
    story.run("succeeded")
    return story


def equal(*, overlap: bool) -> Story:
    """`a` and `b` are equal and use a cache; neither waits for the other by the graph."""
    return beside_each_other(begun(upstream=False), overlap=overlap, cache="5a")

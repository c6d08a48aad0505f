"""Logs about further attempts, services, outputs and cached results: each says in its name what is special about it."""

from typing import Any

from tests.verifier.story import Story

SERVICE: dict[str, Any] = {"parts": {"service": {"ports": [80]}}}


def served(*, up: bool) -> Story:
    """`a` is a service: `b` begins when it is up, and it ends when `b` has ended."""
    story = Story()
    story.request()
    story.plan(about_a=SERVICE)
    story.launch("a")
    story.pod("a", lasts=20)
    if up:
        story.report("a", "running")
        story.operation("a", "running")
    story.operate("b")
    story.now = story.pods[0].ended or 0.0
    story.report("a", "stopped")
    story.operation("a", "stopped")
    story.command("release", "a")
    story.run("succeeded")
    return story


def awaited(*, runs: bool) -> Story:
    """`b` waits for `a` to run, and begins before that has ended."""
    story = Story()
    story.request()
    story.plan(edge={"group": 0, "events": ["running"]})
    story.launch("a")
    story.pod("a", lasts=20)
    if runs:
        story.report("a", "running")
        story.operation("a", "running")
    story.operate("b")
    story.now = story.pods[0].ended or 0.0
    story.report("a", "succeeded")
    story.operation("a", "succeeded")
    story.command("release", "a")
    story.run("succeeded")
    return story


def ruled(action: str, *, again: bool) -> Story:
    """`a` has a rule about exit code 75, with which it fails; it may be tried again."""
    story = Story()
    story.request()
    rule = {"action": action, "exit_codes": [75]}
    story.plan("all_done", about_a={"failure_rules": [rule]})
    story.launch("a")
    story.pod("a")
    story.now = story.pods[-1].ended or 0.0
    story.report("a", "failed", exit_code=75)
    story.operation("a", "retrying" if again else "failed", exit_code=None if again else 75)
    story.command("release", "a")
    if again:
        story.operate("a", attempt=1)
    story.operate("b")
    story.run("succeeded" if again else "failed")
    return story


def node_lost(*, again: bool) -> Story:
    """The node of `a` dies."""
    story = Story()
    story.request()
    story.plan("all_done")
    story.launch("a")
    story.pod("a")
    story.now = story.pods[-1].ended or 0.0
    story.report("a", "lost")
    story.operation("a", "retrying" if again else "failed", reason="Lost")
    story.command("release", "a")
    if again:
        story.operate("a", attempt=1)
    story.operate("b")
    story.run("succeeded" if again else "failed")
    return story


def waited(seconds: float) -> Story:
    """`a` fails, and is to be tried again in 90 s."""
    story = Story()
    story.request()
    story.plan()
    story.launch("a")
    story.pod("a")
    story.now = story.pods[-1].ended or 0.0
    story.report("a", "failed")
    story.operation("a", "retrying", message="tried again in 90.0 s, at some time (retry 1 of 1)")
    story.command("release", "a")
    story.now += seconds
    story.operate("a", attempt=1)
    story.operate("b")
    story.run("succeeded")
    return story


def stated(outputs: int) -> Story:
    """`a` states `v=1`, then `v=2`, and ends with this one."""
    story = Story()
    story.request()
    story.plan()
    story.launch("a")
    story.pod("a")
    story.state("a", 1, v=1)
    story.state("a", 2, v=2)
    story.now = story.pods[-1].ended or 0.0
    story.report("a", "succeeded", awaited=2)
    story.operation("a", "succeeded", outputs={"v": outputs})
    story.command("release", "a")
    story.operate("b")
    story.run("succeeded")
    return story


def equal(*, overlap: bool) -> Story:
    """`a` and `b` are equal and use a cache; neither waits for the other by the graph."""
    story = Story()
    story.request()
    story.plan(upstream=False)
    story.launch("a", cache="5a")
    story.pod("a", lasts=5)
    if not overlap:
        story.now = story.pods[-1].ended or 0.0
    story.launch("b", cache="5a")
    story.pod("b", lasts=5)
    story.now = story.pods[-1].ended or 0.0
    for name in ("a", "b"):
        story.report(name, "succeeded")
        story.operation(name, "succeeded")
    story.run("succeeded")
    return story

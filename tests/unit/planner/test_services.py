"""Services: what waits for one goes on once it is up, and it ends with its DAG."""

import pytest

from polyflow_topics.events import OperationChanged, RunChanged
from tests.unit.planner.plan_builder import Op, dag, report, stop
from tests.unit.planner.world import played

ADDRESS = {"host": "h", "port": 80, "url": "http://h:80"}
SERVER = Op(service=True)
UP, END, FAIL, STOPPED, PRESENT = "running", "succeeded", "failed", "stopped", "present"

STORIES = {
    "a job that waits for it starts once it is up, and it ends after the last job": (
        dag(server=SERVER, ask="server"),
        [("server", UP), ("ask", END), ("server", STOPPED)],
        ["launch server#0", "launch ask#0", "ask succeeded", "server stopping", "stop server#0",
         "server succeeded", "run succeeded"],
    ),
    "that it is there does not say that it is up": (
        dag(server=SERVER, ask="server"),
        [("server", PRESENT)],
        ["launch server#0"],
    ),
    "it fails before it is up": (
        dag(server=SERVER, ask="server"),
        [("server", FAIL)],
        ["launch server#0", "server failed", "ask upstream_failed", "run failed"],
    ),
    "it fails while it is asked": (
        dag(server=SERVER, ask="server"),
        [("server", UP), ("server", FAIL), ("ask", END)],
        ["launch server#0", "launch ask#0", "server failed", "ask succeeded", "run failed"],
    ),
    "its next attempt releases nothing twice": (
        dag(server=Op(service=True, retries=1), ask="server"),
        [("server", UP), ("server", FAIL), ("server", UP), ("ask", END), ("server", STOPPED)],
        ["launch server#0", "launch ask#0", "server retrying", "launch server#1", "ask succeeded",
         "server stopping", "stop server#1", "server succeeded", "run succeeded"],
    ),
    "it ends by itself": (
        dag(server=SERVER, ask="server"),
        [("server", END), ("ask", END)],
        ["launch server#0", "server succeeded", "launch ask#0", "ask succeeded", "run succeeded"],
    ),
    "its program takes the stop as an error": (
        dag(server=SERVER, ask=""),
        [("server", UP), ("ask", END), ("server", FAIL)],
        ["launch server#0", "launch ask#0", "ask succeeded", "server stopping", "stop server#0",
         "server succeeded", "run succeeded"],
    ),
    "a failed job fails the run all the same": (
        dag(server=SERVER, ask="server"),
        [("server", UP), ("ask", FAIL), ("server", STOPPED)],
        ["launch server#0", "launch ask#0", "ask failed", "server stopping", "stop server#0",
         "server succeeded", "run failed"],
    ),
    "one that is not up yet when all else has ended is stopped": (
        dag(server=SERVER, ask=""),
        [("ask", END), ("server", STOPPED)],
        ["launch server#0", "launch ask#0", "ask succeeded", "server stopping", "stop server#0",
         "server stopped", "run succeeded"],
    ),
    "one that nothing comes after is not started": (
        dag(train="", server=Op("train", service=True)),
        [("train", END)],
        ["launch train#0", "train succeeded", "server stopped", "run succeeded"],
    ),
    "one that is up leaves its slot to others": (
        dag(1, server=SERVER, ask="server"),
        [("server", UP), ("ask", END), ("server", STOPPED)],
        ["launch server#0", "launch ask#0", "ask succeeded", "server stopping", "stop server#0",
         "server succeeded", "run succeeded"],
    ),
    "alone it goes on": (dag(server=SERVER), [("server", UP)], ["launch server#0"]),
    "in a nested DAG it ends with that": (
        dag(inner=Op(inner=dag(server=SERVER, ask="server")), after="inner"),
        [("inner.server", UP), ("inner.ask", END), ("inner.server", STOPPED), ("after", END)],
        ["launch inner.server#0", "launch inner.ask#0", "inner.ask succeeded", "inner.server stopping",
         "stop inner.server#0", "inner.server succeeded", "inner succeeded", "launch after#0",
         "after succeeded", "run succeeded"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("deliveries", [1, 2])
@pytest.mark.parametrize("name", STORIES)
def test_story(name: str, deliveries: int) -> None:
    graph, reports, story = STORIES[name]
    assert played(graph, reports, deliveries, address=ADDRESS).story() == story


def test_its_address_is_its_outputs_while_it_is_up() -> None:
    graph = dag(server=SERVER, ask=Op(outputs={"url": "server.url", "port": "server.port"}))
    world = played(graph, [("server", UP)], 1, address=ADDRESS)
    started = [event for event in world.of(OperationChanged) if event.operation == "ask"]
    assert started[0].params == {"url": "http://h:80", "port": 80}
    up = [event for event in world.of(OperationChanged) if event.status == "running"]
    assert [event.outputs for event in up] == [ADDRESS]


def test_a_stop_of_the_run_ends_it_as_stopped() -> None:
    world = played(dag(server=SERVER), [("server", UP)], 1, address=ADDRESS)
    world.take(stop(), report(world.launch("server"), STOPPED))
    assert world.of(RunChanged)[-1].status == "stopped"


def test_that_all_else_has_ended_is_what_is_said_of_its_end() -> None:
    world = played(*STORIES["a failed job fails the run all the same"][:2], 1, address=ADDRESS)
    ended = [event for event in world.of(OperationChanged) if event.operation == "server"][-1]
    assert (ended.reason, ended.message) == ("DagEnded", "all other operations of its DAG have ended")
    run = world.of(RunChanged)[-1]
    assert (run.reason, run.message) == ("OperationsFailed", "1 of 2 operations failed")

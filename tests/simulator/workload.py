"""What users of a world ask for: pipelines of any shape, stops at any time, everything perhaps twice."""

import json
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from polyflow_shared import codec
from polyflow_shared.broker.port import Outgoing
from polyflow_topics.catalog import PIPELINE_REQUESTS
from polyflow_topics.envelope import write_headers
from polyflow_topics.names import RunId, run_id
from polyflow_topics.requests import RequestPipeline, StopPipeline
from tests.simulator.virtual_time import START

SOURCE: Final = "/simulator"
_POLICY: Final = {"kind": "metric_early_stopping", "metric": "accuracy", "optimization": "maximize"}
EXIT_CODES: Final = (1, 2, 75)
"""What programs fail with."""
TRIGGERS: Final = ("all_failed", "all_done", "one_succeeded", "one_failed", "one_done")


@dataclass(frozen=True)
class Wish:
    """A record that a user publishes."""

    after: float
    """Seconds from the beginning."""
    record: Outgoing


@dataclass(frozen=True)
class Workload:
    """All that is asked for."""

    wishes: tuple[Wish, ...]
    runs: frozenset[RunId]
    """Runs that were requested: each must end, or be refused."""
    measures: bool
    """Whether some pipeline stops early by a metric."""
    caches: bool = False
    """Whether some operations use the results of equal ones."""
    wide: bool = False
    """Whether one of the runs has far more operations than the others."""


def draw(rng: Random) -> Workload:
    """Return the wishes of a world, from one operation in one run to some twenty in three."""
    wishes: list[Wish] = []
    runs: set[RunId] = set()
    measures = rng.random() < 0.2
    caches = rng.random() < 0.2
    wide = rng.random() < 0.01
    for number in range(rng.choice((1, 1, 1, 2, 3)) + wide):
        identity = f"r{number}"
        run = run_id(SOURCE, identity)
        runs.add(run)
        begins = rng.random() * rng.choice((0.0, 5.0))
        body = {"specification": _fan_out(rng) if wide and not number else _pipeline(rng, measures)}
        if caches:
            _cache(rng, body["specification"])
        wishes += _requests(rng, identity, body, begins)
        if rng.random() < 0.3:
            wishes += _stops(rng, run, begins)
    if rng.random() < 0.05:
        wishes.append(Wish(rng.random() * 3, Outgoing(PIPELINE_REQUESTS.name, "?", b"\xff", ())))
    return Workload(
        tuple(sorted(wishes, key=lambda wish: wish.after)), frozenset(runs), measures, caches, wide
    )


def _requests(rng: Random, identity: str, body: dict[str, Any], begins: float) -> list[Wish]:
    wishes = [Wish(begins, _request(identity, body))]
    if rng.random() < 0.2:
        wishes.append(Wish(begins + rng.random() * 5, _request(identity, body)))
    if rng.random() < 0.1:
        wishes.append(
            Wish(begins + rng.random() * 5, _request(identity, {**body, "params": {}, "name": "x"}))
        )
    return wishes


def _stops(rng: Random, run: RunId, begins: float) -> list[Wish]:
    latest = rng.choice((2, 6, 30))
    moments = [max(0.0, begins + rng.uniform(-1, latest)) for _ in range(rng.choice((1, 1, 2)))]
    return [Wish(moment, _stop(run)) for moment in moments]


def _request(identity: str, body: dict[str, Any]) -> Outgoing:
    headers = write_headers(RequestPipeline.WIRE, identity=identity, source=SOURCE, at=START)
    return Outgoing(PIPELINE_REQUESTS.name, identity, json.dumps(body).encode(), headers)


def _stop(run: RunId) -> Outgoing:
    return codec.encode(StopPipeline(run=run), source="/polyflow/user", at=START)


def _pipeline(rng: Random, measures: bool) -> dict[str, Any]:
    if rng.random() < 0.1:
        return {"version": 1.1, **_leaf(rng)}
    dag = _dag(rng, size=rng.choice((1, 2, 3, 4, 6)), depth=1)
    component: dict[str, Any] = {"kind": "component", "run": dag}
    scopes = [dag, *_inner(dag)] if measures else []
    for scope in scopes:
        if scope is dag or rng.random() < 0.5:
            scope["earlyStopping"] = [{**_POLICY, "value": rng.choice((0.5, 0.9))}]
    return {"version": 1.1, "kind": "operation", "component": component}


def _fan_out(rng: Random) -> dict[str, Any]:
    operations = [{"name": f"o{number}", **_job()} for number in range(rng.randint(60, 150))]
    return {"version": 1.1, "kind": "component", "run": {"kind": "dag", "operations": operations}}


def _inner(dag: dict[str, Any]) -> list[dict[str, Any]]:
    runs = [operation["component"]["run"] for operation in dag["operations"]]
    return [run for run in runs if run["kind"] == "dag"]


def _dag(rng: Random, *, size: int, depth: int) -> dict[str, Any]:
    operations = []
    for number in range(size):
        # A DAG of services alone would go on for ever, and the first operation is none.
        some = _service(rng) if number and rng.random() < 0.08 else _operation(rng, depth)
        operation = {"name": f"o{number}", **some}
        if upstreams := [f"o{one}" for one in range(number) if rng.random() < 0.4][:3]:
            operation["dependencies"] = upstreams
            if rng.random() < 0.4:
                operation["trigger"] = rng.choice(TRIGGERS)
            if rng.random() < 0.2:
                operation["skipOnUpstreamSkip"] = True
        if rng.random() < 0.1:
            operation["conditions"] = rng.choice(("1 < 2", "1 > 2"))
        operations.append(operation)
    dag: dict[str, Any] = {"kind": "dag", "operations": operations}
    if rng.random() < 0.3:
        dag["concurrency"] = rng.randint(1, 2)
    if rng.random() < 0.1:
        dag["earlyStopping"] = [{"kind": "failure_early_stopping", "percent": rng.choice((20, 50, 100))}]
    return dag


def _operation(rng: Random, depth: int) -> dict[str, Any]:
    if depth and rng.random() < 0.12:
        inner = _dag(rng, size=rng.randint(1, 3), depth=depth - 1)
        return {"kind": "operation", "component": {"kind": "component", "run": inner}}
    if rng.random() < 0.05:
        return _matrix(rng)
    return _leaf(rng)


def _matrix(rng: Random) -> dict[str, Any]:
    operation = _leaf(rng)
    operation["component"]["inputs"] = [{"name": "n", "type": "int"}]
    values = [{"n": number} for number in range(rng.randint(0, 5))]
    operation["matrix"] = {"kind": "mapping", "values": values}
    if rng.random() < 0.5:
        operation["matrix"]["concurrency"] = rng.randint(1, 2)
    return operation


def _service(rng: Random) -> dict[str, Any]:
    operation = _job()
    operation["component"]["run"] |= {"kind": "service", "ports": [80]}
    if rng.random() < 0.5:
        operation["termination"] = {"maxRetries": rng.randint(1, 2)}
    return operation


def _job() -> dict[str, Any]:
    job: dict[str, Any] = {"kind": "job", "container": {"image": "i", "command": ["true"]}}
    return {"kind": "operation", "component": {"kind": "component", "run": job}}


def _leaf(rng: Random) -> dict[str, Any]:
    operation = _job()
    limits: dict[str, Any] = {}
    if rng.random() < 0.2:
        limits["maxRetries"] = rng.randint(1, 2)
        if rng.random() < 0.5:
            kind = rng.choice(("fixed", "exponential"))
            limits["backoff"] = {"kind": kind, "delay": rng.choice((0, 0.5, 90))}
    if rng.random() < 0.1:
        rules = [_rule(rng) for _ in range(rng.randint(1, 2))]
        limits["podFailurePolicy"] = {"rules": rules}
    if rng.random() < 0.05:
        limits["timeout"] = 1
    if limits:
        operation["termination"] = limits
    return operation


def _rule(rng: Random) -> dict[str, Any]:
    codes = {"operator": rng.choice(("In", "In", "NotIn")), "values": [rng.choice(EXIT_CODES)]}
    return {"action": rng.choice(("Ignore", "FailJob", "Count")), "onExitCodes": codes}


def _cache(rng: Random, operation: dict[str, Any]) -> None:
    """Let some of the jobs in an operation, which are all equal but for their params, use a cache."""
    run = operation.get("run") or operation["component"]["run"]
    for inner in run.get("operations", ()):
        _cache(rng, inner)
    if run["kind"] == "job" and rng.random() < 0.5:
        operation["cache"] = rng.choice(({}, {}, {"ttl": 2}))

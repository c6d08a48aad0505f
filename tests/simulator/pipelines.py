"""Specifications that users of a world send: pipelines of any shape, drawn by chance."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from polyflow_topics.status import Trigger

Specification = dict[str, Any]

EXIT_CODES: Final = (1, 2, 75)
"""What programs fail with."""
TRIGGERS: Final = tuple(one.value for one in Trigger if one is not Trigger.ALL_SUCCEEDED)
"""What operations have that do not have the usual one."""
EVENTS: Final = (
    "queued", "scheduled", "running", "running", "running", "processing", "retrying", "failed", "done",
)  # fmt: skip
"""What happens to operations that others wait for."""
_EVENTFUL: Final = 0.15
"""How many pipelines have operations that wait for events."""
QUEUES: Final = ("gpu", "low")
"""Names of queues."""
SINGLE: Final = "main"
"""What the operation of a run that is one job is called."""
_POLICY: Final = {"kind": "metric_early_stopping", "metric": "accuracy", "optimization": "maximize"}
_FINAL: Final = ("succeeded", "failed", "stopped", "skipped", "upstream_failed")
HOOK: Final = {
    "name": "hubRef say:latest",
    "text": "run: {kind: job, container: {image: i, command: ['true']}}",
}
"""What hooks run, as it is sent with a request."""


@dataclass(frozen=True)
class Traits:
    """What the pipelines of a world are like."""

    measures: bool = False
    """Whether some stop early by a metric."""
    caches: bool = False
    """Whether some operations use the results of equal ones."""
    approvals: bool = False
    """Whether some operations wait for somebody's approval."""
    queues: bool = False
    """Whether some operations are sent to a queue."""
    joins: bool = False
    """Whether some operations ask what there is of other runs and operations."""
    hooks: bool = False
    """Whether runs follow the end of some operations and runs."""


def pipeline(rng: Random, traits: Traits) -> Specification:
    """Return a specification."""
    flat = rng.random() < (0.4 if traits.queues else 0.05)
    made = _flat(rng) if flat else _plain(rng, traits.measures)
    for wanted, add in (
        (traits.joins, _join),
        (traits.caches, _cache),
        (traits.approvals, _approve),
        (traits.queues, _queue),
        (traits.hooks, _hook),
    ):
        if wanted:
            add(rng, made)
    _events(made)
    return made


def fan_out(rng: Random, traits: Traits) -> Specification:
    """Return a specification of many operations that wait for nothing."""
    size = rng.randint(750, 850) if rng.random() < 0.4 else rng.randint(60, 150)
    operations = [{"name": f"o{number}", **_job()} for number in range(size)]
    made: Specification = {
        "version": 1.1,
        "kind": "component",
        "run": {"kind": "dag", "operations": operations},
    }
    if traits.queues:
        _queue(rng, made)
    return made


def _flat(rng: Random) -> Specification:
    """Return some operations that all want to run at once."""
    operations = [{"name": f"o{number}", **_leaf(rng)} for number in range(rng.randint(4, 8))]
    dag: Specification = {"kind": "dag", "operations": operations}
    if rng.random() < 0.5:
        dag["concurrency"] = rng.randint(1, 3)
    return {"version": 1.1, "kind": "operation", "component": {"kind": "component", "run": dag}}


def names_of(specification: Specification) -> list[str]:
    """Return the scoped names of all operations of a run."""
    return list(_names(_run(specification), "")) or [SINGLE]


def scopes_of(specification: Specification) -> list[str]:
    """Return the scoped names of what limits how many of its operations are active; empty for the run."""
    return ["", *_scopes(_run(specification), "")]


def _names(run: Specification, prefix: str) -> Iterator[str]:
    for operation in run.get("operations", ()):
        name = f"{prefix}{operation['name']}"
        yield name
        if "matrix" in operation:
            yield from (f"{name}.{trial}" for trial in range(len(operation["matrix"]["values"])))
        else:
            yield from _names(_run(operation), f"{name}.")


def _scopes(run: Specification, prefix: str) -> Iterator[str]:
    for operation in run.get("operations", ()):
        name = f"{prefix}{operation['name']}"
        if "matrix" in operation or _run(operation)["kind"] == "dag":
            yield name
            yield from _scopes(_run(operation), f"{name}.")


def _run(operation: Specification) -> Specification:
    found: Specification = operation.get("run") or operation["component"]["run"]
    return found


def _each(operation: Specification) -> Iterator[Specification]:
    """Yield all operations in one, without itself."""
    for inner in _run(operation).get("operations", ()):
        yield inner
        yield from _each(inner)


def _plain(rng: Random, measures: bool) -> Specification:
    if rng.random() < 0.1:
        return {"version": 1.1, **_leaf(rng)}
    dag = _dag(rng, size=rng.choice((1, 2, 3, 4, 6)), depth=1)
    component: Specification = {"kind": "component", "run": dag}
    scopes = [dag, *_inner(dag)] if measures else []
    for scope in scopes:
        if scope is dag or rng.random() < 0.5:
            scope["earlyStopping"] = [{**_POLICY, "value": rng.choice((0.5, 0.9))}]
    return {"version": 1.1, "kind": "operation", "component": component}


def _inner(dag: Specification) -> list[Specification]:
    runs = [operation["component"]["run"] for operation in dag["operations"]]
    return [run for run in runs if run["kind"] == "dag"]


def _dag(rng: Random, *, size: int, depth: int) -> Specification:
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
    dag: Specification = {"kind": "dag", "operations": operations}
    if rng.random() < 0.3:
        dag["concurrency"] = rng.randint(1, 2)
    if rng.random() < 0.1:
        dag["earlyStopping"] = [{"kind": "failure_early_stopping", "percent": rng.choice((20, 50, 100))}]
    return dag


def _operation(rng: Random, depth: int) -> Specification:
    if depth and rng.random() < 0.12:
        inner = _dag(rng, size=rng.randint(1, 3), depth=depth - 1)
        return {"kind": "operation", "component": {"kind": "component", "run": inner}}
    if rng.random() < 0.05:
        return _matrix(rng)
    return _leaf(rng)


def _matrix(rng: Random) -> Specification:
    operation = _leaf(rng)
    operation["component"]["inputs"] = [{"name": "n", "type": "int"}]
    values = [{"n": number} for number in range(rng.randint(0, 5))]
    operation["matrix"] = {"kind": "mapping", "values": values}
    if rng.random() < 0.5:
        operation["matrix"]["concurrency"] = rng.randint(1, 2)
    return operation


def _service(rng: Random) -> Specification:
    operation = _job()
    operation["component"]["run"] |= {"kind": "service", "ports": [80]}
    if rng.random() < 0.5:
        operation["termination"] = {"maxRetries": rng.randint(1, 2)}
    return operation


def _job() -> Specification:
    job: Specification = {"kind": "job", "container": {"image": "i", "command": ["true"]}}
    return {"kind": "operation", "component": {"kind": "component", "run": job}}


def _leaf(rng: Random) -> Specification:
    operation = _job()
    limits: Specification = {}
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


def _rule(rng: Random) -> Specification:
    codes = {"operator": rng.choice(("In", "In", "NotIn")), "values": [rng.choice(EXIT_CODES)]}
    return {"action": rng.choice(("Ignore", "FailJob", "Count")), "onExitCodes": codes}


Add = Callable[[Random, Specification], None]


def _jobs(specification: Specification) -> list[Specification]:
    return [one for one in (specification, *_each(specification)) if _run(one)["kind"] == "job"]


def _cache(rng: Random, specification: Specification) -> None:
    """Let some of the jobs, which are all equal but for their params, use a cache."""
    for operation in _jobs(specification):
        if rng.random() < 0.5:
            operation["cache"] = rng.choice(({}, {}, {"ttl": 2}))


def _approve(rng: Random, specification: Specification) -> None:
    """Let some operations, or the run itself, wait for an approval."""
    for operation in (specification, *_each(specification)):
        if rng.random() < 0.3:
            operation["isApproved"] = False


def _queue(rng: Random, specification: Specification) -> None:
    for operation in _jobs(specification):
        if rng.random() < 0.6:
            operation["queue"] = rng.choice(QUEUES)


def _hook(rng: Random, specification: Specification) -> None:
    """Let runs follow the end of some operations, and of the run."""
    for operation in (specification, *_each(specification)):
        if rng.random() < 0.3:
            hooks: list[Specification] = [{"hubRef": "say"} for _ in range(rng.choice((1, 1, 2)))]
            for hook in hooks:
                if rng.random() < 0.5:
                    hook["trigger"] = rng.choice(_FINAL)
                if rng.random() < 0.2:
                    hook["conditions"] = rng.choice(("1 < 2", "1 > 2", "outputs.v1 == 1"))
            operation["hooks"] = hooks


def _events(specification: Specification) -> None:
    """Let some operations wait for events; by a chance of its own, so that known worlds are much the same."""
    rng = Random(json.dumps(specification))
    if rng.random() >= _EVENTFUL:
        return
    for operation in (specification, *_each(specification)):
        run = _run(operation)
        for number, one in enumerate(run.get("operations", ())):
            if number and rng.random() < 0.4:
                kinds = [f"run_status_{kind}" for kind in rng.sample(EVENTS, rng.choice((1, 1, 2)))]
                upstream = run["operations"][rng.randrange(number)]["name"]
                one["events"] = [{"kinds": kinds, "ref": f"ops.{upstream}"}]


def _join(rng: Random, specification: Specification) -> None:
    """Add a matrix and who collects what has become of its trials, and who asks about other runs."""
    run = _run(specification)
    if run["kind"] != "dag":
        return
    matrix = {"name": "run", **_matrix(rng)}
    collected = {"stood": {"value": "globals.status"}, "numbers": {"value": "inputs.n"}}
    within = {"ref": "ops.run", "query": "status: ~running", "params": collected}
    collect = {"name": "j", "dependencies": ["run"], "trigger": "all_done", "joins": [within], **_leaf(rng)}
    collect["component"]["inputs"] = [
        {"name": "stood", "type": "str", "isList": True},
        {"name": "numbers", "type": "int", "isList": True},
    ]
    run["operations"] += [matrix, collect]
    found = {"query": "status: succeeded", "limit": 5}
    if rng.random() < 0.5:
        joins = [{**found, "params": {"found": {"value": "globals.uuid"}}}]
        look = {"name": "k", "joins": joins, **_leaf(rng)}
        look["component"]["inputs"] = [{"name": "found", "type": "str", "isList": True}]
        run["operations"].append(look)
    if rng.random() < 0.4:
        specification["joins"] = [{**found, "params": {"seen": {"value": "globals.uuid"}}}]
        read = {"name": "s", "params": {"seen": {"ref": "dag", "value": "inputs.seen"}}, **_leaf(rng)}
        read["component"]["inputs"] = [{"name": "seen", "type": "str", "isList": True}]
        run["operations"].append(read)

"""The edges of a DAG: who waits for whom, in which order, and whether anybody waits for himself."""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from polyflow_services.spec_validator.layers.composed import Composed
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Nearest, Path
from polyflow_shared.language.models import V1Operation, known

Upstreams = Mapping[str, Sequence[str]]
"""For each operation of a DAG, by name, what it waits for."""

MAX_CYCLES: Final = 10
"""Cycles that are shown of one DAG."""

_OPERATION: Final = re.compile(r"ops\.([-a-zA-Z0-9_]+)")


def upstream_name(ref: str | None) -> str | None:
    """Return NAME where a ref is `ops.NAME`."""
    match = _OPERATION.fullmatch(ref.strip()) if ref else None
    return match[1] if match else None


def declared_upstreams(operation: V1Operation, path: Path, composed: Composed) -> Iterator[tuple[str, Path]]:
    """Yield each upstream that an operation names, with the place where it does."""
    for index, name in enumerate(known(operation.dependencies) or ()):
        yield name, (*path, "dependencies", index)
    for index, event in enumerate(known(operation.events) or ()):
        upstream = upstream_name(event.ref)
        if upstream is not None:
            yield upstream, (*path, "events", index, "ref")
    for param, param_path in composed.params.values():
        upstream = upstream_name(param.ref)
        if upstream is not None:
            yield upstream, (*param_path, "ref")


def is_event(path: Path) -> bool:
    """Tell whether an upstream is named by an event, given the place where it is named."""
    return path[-1:] == ("ref",) and path[-3:-2] == ("events",)


def known_upstreams(
    declared: Iterable[tuple[str, Path]], siblings: Mapping[str, int], findings: list[Finding]
) -> list[str]:
    """Return each named upstream once, and note those that do not exist."""
    names: dict[str, None] = {}
    for name, path in declared:
        if name in siblings:
            names[name] = None
        else:
            message = f"there is no operation `{name}` in this DAG"
            findings.append(Finding(Code.UNKNOWN_UPSTREAM, message, path, Nearest(name, siblings)))
    return list(names)


def ordered(upstreams: Upstreams) -> list[str]:
    """Return the operations, upstreams first; those on or behind a cycle are left out."""
    waiting = {name: len(names) for name, names in upstreams.items()}
    downstreams: dict[str, list[str]] = {name: [] for name in upstreams}
    for name, names in upstreams.items():
        for upstream in names:
            downstreams[upstream].append(name)
    ready = deque(name for name, count in waiting.items() if count == 0)
    order: list[str] = []
    while ready:
        name = ready.popleft()
        order.append(name)
        for downstream in downstreams[name]:
            waiting[downstream] -= 1
            if waiting[downstream] == 0:
                ready.append(downstream)
    return order


def cycles(upstreams: Upstreams, order: Sequence[str]) -> Iterator[list[str]]:
    """Yield cycles, each from one of its operations back to it, downstream first; no operation is in two."""
    done = set(order)
    rest = {name: None for name in upstreams if name not in done}
    for _ in range(MAX_CYCLES):
        cycle = _cycle(upstreams, rest)
        if not cycle:
            return
        yield cycle
        for name in cycle[:-1]:
            del rest[name]
        for name in ordered({name: [up for up in upstreams[name] if up in rest] for name in rest}):
            del rest[name]


def _cycle(upstreams: Upstreams, rest: Mapping[str, None]) -> list[str]:
    """Follow upstreams until one comes again: everything in `rest` has an upstream in `rest`."""
    walk: dict[str, int] = {}
    name = next(iter(rest), None)
    while name is not None and name not in walk:
        walk[name] = len(walk)
        name = next((upstream for upstream in upstreams[name] if upstream in rest), None)
    return [] if name is None else [*list(walk)[walk[name] :], name]

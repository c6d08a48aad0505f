"""What the plan says of the cache: whether an operation asks it, and what makes operations equal to it."""

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec
from pydantic import BaseModel

from polyflow_services.spec_validator.layers.composed import Composed
from polyflow_services.spec_validator.links.declared import own_io
from polyflow_services.spec_validator.shape.expand import Declared, Expansion
from polyflow_shared.language.expressions.templates import is_templated
from polyflow_shared.language.models import V1Cache, V1Job, known
from polyflow_topics.plan import Container, PlannedCache

_SECTIONS: Final = ("containers", "init", "connections")
_NOT_COUNTED: Final = frozenset(
    {
        "name", "resources", "imagePullPolicy", "livenessProbe", "readinessProbe", "startupProbe",
        "terminationMessagePath", "terminationMessagePolicy",
    }
)  # fmt: skip
"""Fields of containers that change where and how well they run, and not what comes out."""
_BRACES: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_ALL_GLOBALS: Final = re.compile(r"\bglobals\b(?!\s*\.)")


def planned_cache(
    expansion: Expansion, declared: Declared, container: Container | None
) -> PlannedCache | None:
    """Return what the plan says of the cache; None where it is not asked.

    Args:
        expansion: all operations.
        declared: the operation.
        container: as it is planned, with the image that is built for it.
    """
    cache, run = declared.composed.operation.cache, declared.composed.run
    if not isinstance(cache, V1Cache) or not isinstance(run, V1Job) or not _asks(expansion, cache):
        return None
    io = _io(declared.composed, cache)
    counted = {
        "outputs": {
            name: _said(one)
            for name, (one, _) in declared.composed.outputs.items()
            if io is None or name in io
        },
        **{
            section: value
            for section, value in _sections(expansion, run, container).items()
            if section in (known(cache.sections) or _SECTIONS)
        },
    }
    return PlannedCache(
        digest=sha256(msgspec.json.encode(counted, order="sorted")).hexdigest(),
        names=tuple(sorted(set(_names(counted)))),
        io=io,
        ttl=known(cache.ttl),
    )


def _io(composed: Composed, cache: V1Cache) -> tuple[str, ...] | None:
    """Return the names of inputs and outputs that count; None where all do.

    What a DAG, a matrix or a preset says is for operations of many names: it holds as far as an operation has
    them.  Without an input among them nothing would tell operations of different inputs apart, unless the
    operation says so itself.
    """
    io = known(cache.io)
    if io is None:
        return None
    inputs = composed.names
    having = tuple(sorted({name for name in io if name in inputs or name in composed.outputs}))
    return having if own_io(composed) is not None or not inputs.isdisjoint(having) else None


def _asks(expansion: Expansion, cache: V1Cache) -> bool:
    """Tell whether the cache is asked: for part of something where `cache` is written, else where forced."""
    disable = known(cache.disable)
    mains = [declared for declared in expansion.operations if declared.builds is None]
    in_dag = bool(known(expansion.scopes[0].dag.operations))
    alone = not in_dag and len(mains) == 1 and mains[0].composed.matrix is None
    return disable is False if alone else not disable


def _sections(expansion: Expansion, run: V1Job, container: Container | None) -> dict[str, Any]:
    connections = expansion.around.connections.of(run) if expansion.around.connections else ()
    rest = known(run.container)
    return {
        "containers": {
            "container": container and _said(container),
            "rest": _counted(rest if isinstance(rest, dict) else {}),
            "sidecars": [_counted(one) for one in known(run.sidecars) or ()],
            "volumes": known(run.volumes) or [],
        },
        "init": [_said(step) for step in known(run.init) or ()],
        "connections": {one.name: _said(one) for one in connections},
    }


def _said(value: BaseModel) -> dict[str, Any]:
    """Return what a value says but for defaults: else a field more in a release would change all digests."""
    return value.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)


def _counted(container: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in container.items() if name not in _NOT_COUNTED}


def _names(value: object) -> Iterator[str]:
    """Yield the names in all templates of a value; `*` where one reads all globals at once."""
    if isinstance(value, str) and is_templated(value):
        for braces in _BRACES.findall(value):
            yield from _NAME.findall(braces)
            if _ALL_GLOBALS.search(braces):
                yield "*"
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _names(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _names(item)

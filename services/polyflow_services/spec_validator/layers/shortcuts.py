"""Fields beside `run` that mean a part of it: `container`, `cmd`, `env`, `resources`, `ports`, and others.

They are laid over the layer's own run, in a fixed order and by its patch strategy.  On a distributed run they
go to every role that is written out.  Source: the operation language of Polyaxon 2.18.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from polyflow_services.spec_validator.layers.merge import BASE_WINS, DEFAULT, merged_value, other_kind
from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import Model, Template, V1Job, V1Operation, V1Runtime, V1Service
from polyflow_shared.language.models.pods import PodFields
from polyflow_shared.language.models.policies import PatchStrategy
from polyflow_shared.language.models.resources import GPU, NVIDIA_GPU, request_and_limit

_Container = dict[str, Any]
Change = Callable[[_Container, Any, PatchStrategy], _Container]
"""Return a container from what it held, a shortcut's value and the strategy."""

POD_FIELDS: Final = ("environment", "init", "connections", "sidecars", "volumes")
_CONTAINER_FIELDS: Final = ("container", "cmd", "env", "resources")
SHORTCUTS: Final = ("ports", *_CONTAINER_FIELDS, *POD_FIELDS)
"""In the order in which they are applied."""
_DISTRIBUTED: Final = frozenset({"mpijob", "pytorchjob", "tfjob", "raycluster", "daskcluster"})


def applied(
    run: V1Runtime | None, layer: V1Operation, path: Path, findings: list[Finding]
) -> V1Runtime | None:
    """Return a run with a layer's shortcuts over it.

    Args:
        run: of the layers so far; None where there is none.
        layer: the layer.
        path: where it stands.
        findings: where to note what does not fit the run.
    """
    for name in SHORTCUTS:
        if name not in layer.model_fields_set or (value := getattr(layer, name)) is None:
            continue
        run = run if run is not None else _made_for(name)
        if run is not None:
            run = _over(run, name, value, layer.patch_strategy or DEFAULT, ((*path, name), findings))
    return run


def _made_for(name: str) -> V1Runtime | None:
    """Return the run that a shortcut makes where there is none."""
    if name == "ports":
        return V1Service(kind="service")
    return V1Job(kind="job") if name in _CONTAINER_FIELDS else None


def _over(
    run: V1Runtime, name: str, value: Any, strategy: PatchStrategy, noted: tuple[Path, list[Finding]]
) -> V1Runtime:
    field = "container" if name in _CONTAINER_FIELDS else name
    if field in type(run).model_fields:
        return run.model_copy(update={field: _changed(run, name, value, strategy)})
    if has_roles(run) and field in PodFields.model_fields:
        return over_roles(
            run, lambda role: role.model_copy(update={field: _changed(role, name, value, strategy)})
        )
    path, findings = noted
    message = f"a run of kind `{run.kind}` has no `{field}`"
    findings.append(Finding(Code.UNKNOWN_FIELD, message, path, at_key=True, stage=Stage.COMPILE))
    return run


def has_roles(run: V1Runtime) -> bool:
    """Tell whether a run is distributed: its pods have several roles."""
    return run.kind in _DISTRIBUTED


def over_roles(run: V1Runtime, change: Callable[[PodFields], PodFields]) -> V1Runtime:
    """Return a distributed run with every role changed that is written out."""
    changed: dict[str, Any] = {}
    for name in type(run).model_fields:
        held = getattr(run, name)
        if isinstance(held, PodFields):
            changed[name] = change(held)
        elif isinstance(held, dict) and any(isinstance(one, PodFields) for one in held.values()):
            changed[name] = {
                group: change(one) if isinstance(one, PodFields) else one for group, one in held.items()
            }
    return run.model_copy(update=changed) if changed else run


def _changed(run: Model, name: str, value: Any, strategy: PatchStrategy) -> Any:
    """Return the field that a shortcut is for, with its value over what the run has."""
    if name not in _CHANGES:
        return merged_value(getattr(run, name), value, strategy, name)
    held = getattr(run, "container", None)
    if isinstance(held, Template):  # nobody knows yet what it holds
        return other_kind(held, value, strategy) if name == "container" else held
    return _CHANGES[name](held or {}, value, strategy)


def _container(held: _Container, value: Any, strategy: PatchStrategy) -> Any:
    return merged_value(held, value, strategy, "container")


def _cmd(held: _Container, value: str | list[str], strategy: PatchStrategy) -> _Container:
    """Replace command and args as the pair that they are, or leave both."""
    if strategy in BASE_WINS and any(held.get(name) is not None for name in ("command", "args")):
        return held
    lines = [value] if isinstance(value, str) else value
    return {**held, "command": ["/bin/sh", "-c"], "args": ["\n".join(["set -e", *lines])]}


def _env(held: _Container, value: Mapping[str, str], strategy: PatchStrategy) -> _Container:
    """Add variables; under the merging strategies one of several with the same name stays, the last one.

    It stays at its place: a variable may use those before it.
    """
    own = held.get("env")
    new = [{"name": name, "value": text} for name, text in value.items()]
    if own is None or strategy == "replace":
        return {**held, "env": new}
    if not isinstance(own, list):
        return {**held, "env": other_kind(own, new, strategy)}
    if strategy == "isnull":
        return held
    return {**held, "env": _last_ones([*new, *own] if strategy == "pre_merge" else [*own, *new])}


def _last_ones(variables: list[Any]) -> list[Any]:
    kept: dict[Any, Any] = {}
    for index, variable in reversed(list(enumerate(variables))):
        kept.setdefault(variable.get("name", index) if isinstance(variable, dict) else index, variable)
    return list(reversed(kept.values()))


def _resources(held: _Container, value: Mapping[str, int | float | str], strategy: PatchStrategy) -> Any:
    wanted: dict[str, dict[str, str]] = {}
    for name, amount in value.items():
        for side, quantity in zip(("requests", "limits"), request_and_limit(name, amount), strict=True):
            if quantity is not None:
                wanted.setdefault(side, {})[NVIDIA_GPU if name == GPU else name] = quantity
    return merged_value(held, {"resources": wanted}, strategy, "container")


_CHANGES: Final[Mapping[str, Change]] = {
    "container": _container,
    "cmd": _cmd,
    "env": _env,
    "resources": _resources,
}

"""Fields beside `run` that mean a part of it: `container`, `cmd`, `env`, `resources`, `ports`, and others.

They are laid over the layer's own run, in a fixed order and by its patch strategy.  On a distributed run they
go to every role that is written out.  Source: the language's reference, sections 1 and 2.4.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from polyflow_services.spec_validator.layers.merge import DEFAULT, merged_value
from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import Model, V1Job, V1Operation, V1Runtime, V1Service
from polyflow_shared.language.models.pods import PodFields
from polyflow_shared.language.models.policies import PatchStrategy

Change = Callable[[Any, Any, PatchStrategy], Any]
"""Return a field of the run from what it held (None: nothing), the shortcut's value and the strategy."""

POD_FIELDS: Final = ("environment", "init", "connections", "sidecars", "volumes")
_CONTAINER_FIELDS: Final = ("container", "cmd", "env", "resources")
SHORTCUTS: Final = ("ports", *_CONTAINER_FIELDS, *POD_FIELDS)
"""In the order in which they are applied."""


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
        return run.model_copy(update={field: _changed(run, field, name, value, strategy)})
    if field != "ports" and (update := dict(_roles(run, field, name, value, strategy))):
        return run.model_copy(update=update)
    if not _has_roles(run):
        message = f"a run of kind `{run.kind}` has no `{field}`"
        path, findings = noted
        findings.append(Finding(Code.UNKNOWN_FIELD, message, path, at_key=True, stage=Stage.COMPILE))
    return run


def _has_roles(run: V1Runtime) -> bool:
    return run.kind.endswith(("job", "cluster")) and not isinstance(run, PodFields)


def _roles(
    run: V1Runtime, field: str, name: str, value: Any, strategy: PatchStrategy
) -> Iterator[tuple[str, Any]]:
    """Yield the fields of a distributed run that hold roles, each changed."""
    for role in type(run).model_fields:
        held = getattr(run, role)
        if isinstance(held, PodFields):
            yield role, held.model_copy(update={field: _changed(held, field, name, value, strategy)})
        elif isinstance(held, dict) and any(isinstance(one, PodFields) for one in held.values()):
            yield role, {group: _in_group(one, field, name, value, strategy) for group, one in held.items()}


def _in_group(one: Any, field: str, name: str, value: Any, strategy: PatchStrategy) -> Any:
    if not isinstance(one, PodFields):
        return one
    return one.model_copy(update={field: _changed(one, field, name, value, strategy)})


def _changed(run: Model, field: str, name: str, value: Any, strategy: PatchStrategy) -> Any:
    return _CHANGES.get(name, _plain)(getattr(run, field), value, strategy)


def _plain(held: Any, value: Any, strategy: PatchStrategy) -> Any:
    return merged_value(held, value, strategy)


def _container(held: Any, value: Any, strategy: PatchStrategy) -> Any:
    return merged_value(held, value, strategy, "container")


def _cmd(held: Any, value: str | list[str], strategy: PatchStrategy) -> Any:
    """Replace command and args as the pair that they are, or leave both."""
    container = held if isinstance(held, dict) else {}
    if strategy in ("pre_merge", "isnull") and (container.get("command") or container.get("args")):
        return held
    lines = [value] if isinstance(value, str) else value
    return {**container, "command": ["/bin/sh", "-c"], "args": ["\n".join(["set -e", *lines])]}


def _env(held: Any, value: Mapping[str, str], strategy: PatchStrategy) -> Any:
    """Add variables; of those with one name the last one stays, or the first where the base wins."""
    container = held if isinstance(held, dict) else {}
    own = {variable.get("name"): variable for variable in container.get("env") or ()}
    new = {name: {"name": name, "value": text} for name, text in value.items()}
    if strategy == "isnull" and container.get("env"):
        return held
    whole = {**new, **own} if strategy == "pre_merge" else {**own, **new}
    return {**container, "env": list((new if strategy == "replace" else whole).values())}


def _resources(held: Any, value: Mapping[str, int | float | str], strategy: PatchStrategy) -> Any:
    """Set what the container asks for and what it may use at most; `request..limit` says both."""
    wanted: dict[str, dict[str, Any]] = {}
    for name, quantity in value.items():
        request, _, limit = str(quantity).partition("..")
        both = name == "gpu" or bool(limit)
        resource = "nvidia.com/gpu" if name == "gpu" else name
        wanted.setdefault("requests", {})[resource] = request if limit else quantity
        if both:
            wanted.setdefault("limits", {})[resource] = limit or quantity
    return merged_value(held or {}, {"resources": wanted}, strategy, "container")


_CHANGES: Final[Mapping[str, Change]] = {
    "container": _container,
    "cmd": _cmd,
    "env": _env,
    "resources": _resources,
}

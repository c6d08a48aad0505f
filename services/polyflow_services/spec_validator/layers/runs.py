"""The run of a layer over the run of what is below it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from polyflow_services.spec_validator.layers.merge import BASE_WINS, DEFAULT, merged, merged_value
from polyflow_services.spec_validator.layers.shortcuts import SHORTCUTS, applied, over_roles
from polyflow_shared.language import schema
from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import Model, V1Operation, V1Runtime
from polyflow_shared.language.models.distributed import V1DaskReplica, V1KFReplica, V1RayReplica
from polyflow_shared.language.models.pods import PodFields

_KIND: Final = frozenset({"kind"})
_ABOUT_RUNS: Final = frozenset({"run", "run_patch", *SHORTCUTS})


def run_over(
    base: V1Runtime | None, layer: V1Operation, path: Path, findings: list[Finding]
) -> V1Runtime | None:
    """Return the run of a layer over that of its base: its own `run`, its shortcuts, its `runPatch`.

    Args:
        base: of what is below; None where there is nothing.
        layer: the layer.
        path: where it stands.
        findings: where to note what does not fit together.
    """
    if _ABOUT_RUNS.isdisjoint(layer.model_fields_set):
        return base
    run = _own_over(base, layer, path, findings)
    run = applied(run, layer, path, findings)
    if layer.run_patch is None:
        return run
    if run is None:
        if not layer.is_preset:
            message = "`runPatch` changes a run, and there is none"
            findings.append(Finding(Code.NO_DEFINITION, message, (*path, "runPatch"), at_key=True))
        return None
    return _patched(run, layer, path, findings)


def _own_over(
    base: V1Runtime | None, layer: V1Operation, path: Path, findings: list[Finding]
) -> V1Runtime | None:
    own = layer.run
    if own is None:
        cleared = "run" in layer.model_fields_set and _strategy(layer) not in BASE_WINS
        return None if cleared else base
    if isinstance(own, dict):
        if base is None:
            if not layer.is_preset:
                message = "`run` needs a `kind`, here or in what it is based on"
                hint = "write `kind: job`, or `kind: dag`"
                findings.append(Finding(Code.NO_KIND, message, (*path, "run"), hint, stage=Stage.COMPILE))
            return None
        completed = _read(own, base.kind, (*path, "run"), findings)
        return merged(base, completed, _strategy(layer), skip=_KIND) if completed is not None else base
    if base is None:
        return own
    whole: V1Runtime = merged_value(base, own, _strategy(layer))
    return whole


def _strategy(layer: V1Operation) -> Any:
    return layer.patch_strategy or DEFAULT


def _read(part: dict[str, Any], kind: str, path: Path, findings: list[Finding]) -> V1Runtime | None:
    """Return a part of a run as a run of a kind, without what does not belong to it."""
    return _as_run({**part, "kind": kind}, kind, (path, 1), findings)


def _as_run(
    value: dict[str, Any], kind: str, place: tuple[Path, int], findings: list[Finding]
) -> V1Runtime | None:
    """Return a value as a run, and note what is wrong with it.

    Args:
        value: the run.
        kind: what it is meant as.
        place: where the value's author wrote it, and how much of the paths into it was not written there.
        findings: where to note it.
    """
    read = schema.read({"run": value})
    path, added = place
    for finding in read.findings:
        message = f"{finding.message} (the run is of kind `{kind}`)"
        where = (*path, *finding.path[added:])
        findings.append(replace(finding, message=message, path=where, stage=finding.stage or Stage.COMPILE))
    run = read.operation.run if read.operation else None
    return None if isinstance(run, dict) else run


def _patched(run: V1Runtime, layer: V1Operation, path: Path, findings: list[Finding]) -> V1Runtime:
    """Return a run with a layer's `runPatch` over it; that of a distributed run may be one for its roles."""
    patch, where = layer.run_patch or {}, (*path, "runPatch")
    kind = patch.get("kind")
    if kind is not None and kind != run.kind:
        message = f"`runPatch` does not change what a run is, and this one is of kind `{run.kind}`"
        hint = "write `run:` in place of `runPatch:` to run something else"
        findings.append(Finding(Code.NOT_ALLOWED, message, (*where, "kind"), hint, stage=Stage.COMPILE))
        return run
    role, model = _ROLES.get(run.kind, ("", type(run)))
    if role and not _fits(patch, type(run)) and _fits(patch, model):
        read = _as_run({"kind": run.kind, role: patch}, run.kind, (where, 2), findings)
        over = getattr(read, role, None)
        return over_roles(run, lambda one: merged(one, over, _strategy(layer))) if over is not None else run
    read = _read(patch, run.kind, where, findings)
    return merged(run, read, _strategy(layer), skip=_KIND) if read is not None else run


def _fits(patch: Mapping[str, Any], model: type[Model]) -> bool:
    return patch.keys() <= {field.alias or name for name, field in model.model_fields.items()}


_ROLES: Final[Mapping[str, tuple[str, type[PodFields]]]] = {
    "mpijob": ("worker", V1KFReplica),
    "pytorchjob": ("worker", V1KFReplica),
    "tfjob": ("worker", V1KFReplica),
    "raycluster": ("head", V1RayReplica),
    "daskcluster": ("worker", V1DaskReplica),
}
"""One role of each distributed run, as which a patch for all of them is read."""

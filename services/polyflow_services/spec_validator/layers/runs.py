"""The run of a layer over the run of what is below it."""

from typing import Any, Final

from polyflow_services.spec_validator.layers.merge import DEFAULT, merged, merged_value, same_kind
from polyflow_services.spec_validator.layers.shortcuts import applied
from polyflow_shared.language import schema
from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import V1Operation, V1Runtime
from polyflow_shared.language.models.pods import PodFields

_KIND: Final = frozenset({"kind"})
_DISTRIBUTED: Final = frozenset({"mpijob", "pytorchjob", "tfjob", "raycluster", "daskcluster"})


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
        return base
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
    read = schema.read({"run": {**part, "kind": kind}})
    for finding in read.findings:
        findings.append(
            Finding(
                finding.code,
                f"{finding.message} (the run is of kind `{kind}`)",
                (*path, *finding.path[1:]),
                finding.hint,
                finding.at_key,
                stage=Stage.COMPILE,
            )
        )
    run = read.operation.run if read.operation else None
    return None if isinstance(run, dict) else run


def _patched(run: V1Runtime, layer: V1Operation, path: Path, findings: list[Finding]) -> V1Runtime:
    patch = layer.run_patch or {}
    where = (*path, "runPatch")
    if run.kind in _DISTRIBUTED and patch.keys() <= PodFields.model_fields.keys():
        job = _read(patch, "job", where, findings)
        if job is not None:
            fields = {name: getattr(job, name) for name in job.model_fields_set - _KIND}
            shortcuts = V1Operation.model_construct(
                _fields_set={*fields, "patch_strategy"}, patch_strategy=layer.patch_strategy, **fields
            )
            return applied(run, shortcuts, where, findings) or run
        return run
    kind = str(patch.get("kind") or run.kind)
    read = _read(patch, kind, where, findings)
    if read is None or (not same_kind(run, read) and _strategy(layer) in ("pre_merge", "isnull")):
        return run
    return merged(run, read, _strategy(layer), skip=_KIND) if same_kind(run, read) else read

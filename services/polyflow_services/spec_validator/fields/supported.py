"""What the language has and this release cannot run yet: refused by name when it is run, never ignored."""

from collections.abc import Iterator
from typing import Any, Final

from pydantic import BaseModel

from polyflow_services.spec_validator.fields.asking import unsupported_joins
from polyflow_services.spec_validator.fields.awaiting import unsupported_events
from polyflow_services.spec_validator.fields.retrying import policy_findings
from polyflow_services.spec_validator.fields.searching import policy_fields
from polyflow_services.spec_validator.fields.serving import port_findings
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import (
    Template,
    V1ArtifactsType,
    V1Cache,
    V1Dag,
    V1Job,
    V1MetricEarlyStopping,
    V1Operation,
    V1Plugins,
    V1Runtime,
    V1Service,
    V1Termination,
    known,
)

_OPERATION: Final = frozenset(
    {
        "version", "kind", "name", "description", "tags", "presets", "strict_params", "queue", "termination",
        "build", "cost", "dependencies", "trigger", "inputs", "outputs", "run", "container", "cmd", "env",
        "resources", "environment", "template", "params", "hub_ref", "dag_ref", "url_ref", "path_ref",
        "component", "patch_strategy", "is_preset", "run_patch", "init", "sidecars", "volumes",
        "conditions", "hooks", "skip_on_upstream_skip", "connections", "namespace", "matrix",
        "joins", "cache", "is_approved", "plugins", "events",
    }
)  # fmt: skip
"""Fields that this release carries out, here and below: whatever else is written is refused."""
_SHORTCUTS: Final = frozenset({"ports"})
"""Of a merged operation nothing is left of these."""
_RUN: Final = frozenset(
    {
        "kind", "container", "environment", "operations", "components", "concurrency", "early_stopping",
        "init", "sidecars", "volumes", "connections",
    }
)  # fmt: skip
_SERVICE: Final = _RUN | {"ports", "replicas"}
_TERMINATION: Final = frozenset({"max_retries", "timeout", "ttl", "backoff", "pod_failure_policy"})
_PLUGINS: Final = frozenset({"notifications"})
_CACHE: Final = frozenset(V1Cache.model_fields)
_PARAM: Final = frozenset({"value", "ref", "context_only", "to_env", "to_init"})
_IO: Final = frozenset(
    {
        "name", "description", "type", "is_optional", "is_list", "is_flag", "arg_format", "to_env", "to_init",
        "value", "validation", "delay_validation", "options",
    }
)  # fmt: skip
_NOT_IN_CONTAINER: Final = ("restartPolicy", "restartPolicyRules")
"""A pod is one attempt: what starts a container in it again would hide how it ended."""
_INIT: Final = frozenset({"container"})
_COPY: Final = _INIT | {"artifacts", "path"}
_PODS: Final = frozenset({"connections", "environment", "init", "sidecars", "volumes"})


def unsupported(operation: V1Operation, path: Path, merged: V1Operation) -> Iterator[Finding]:
    """Yield what an operation or component has that cannot be run yet.

    Args:
        operation: one layer.
        path: where it stands.
        merged: all layers; what another one has taken away is not there.
    """
    gone = {name for name in operation.model_fields_set - _SHORTCUTS if getattr(merged, name) is None}
    yield from _fields(operation, _OPERATION | gone, path)
    yield from _templates(operation, frozenset({"trigger", "is_approved", "plugins"}), path)
    if isinstance(operation.termination, V1Termination):
        yield from _fields(operation.termination, _TERMINATION, (*path, "termination"))
        yield from _templates(operation.termination, _TERMINATION, (*path, "termination"))
        policy = operation.termination.pod_failure_policy
        yield from policy_findings(policy, (*path, "termination", "podFailurePolicy"))
    yield from unsupported_joins(operation, path)
    yield from unsupported_events(operation, path)
    if isinstance(operation.cache, V1Cache):
        yield from _templates(operation.cache, _CACHE, (*path, "cache"))
    if isinstance(operation.plugins, V1Plugins):
        yield from _fields(operation.plugins, _PLUGINS, (*path, "plugins"))
        yield from _templates(operation.plugins, _PLUGINS, (*path, "plugins"))
    for name, param in (operation.params or {}).items():
        yield from _fields(param, _PARAM, (*path, "params", name))
    for group in ("inputs", "outputs"):
        for index, io in enumerate(getattr(operation, group) or ()):
            yield from _fields(io, _IO, (*path, group, index))


def unsupported_run(run: V1Runtime, path: Path) -> Iterator[Finding]:
    """Yield what a runtime has that cannot be run yet.

    Args:
        run: the runtime.
        path: where it stands.
    """
    if not isinstance(run, V1Job | V1Service | V1Dag):
        yield _finding("kind", run.kind, (*path, "kind"))
        return
    if isinstance(run, V1Service):
        off = {name for name in ("rewrite_path", "is_external") if getattr(run, name) is False}
        yield from _fields(run, _SERVICE | off, path)
        yield from _templates(run, frozenset({"ports"}), path)
        yield from port_findings(run, path)
    else:
        yield from _fields(run, _RUN, path)
    if isinstance(run, V1Dag):
        yield from _templates(run, frozenset({"concurrency", "early_stopping"}), path)
        yield from policy_fields(known(run.early_stopping) or (), (*path, "earlyStopping"))
        for index, policy in enumerate(known(run.early_stopping) or ()):
            below = (*path, "earlyStopping", index)
            yield from _templates(policy, frozenset(type(policy).model_fields), below)
            if isinstance(policy, V1MetricEarlyStopping) and policy.policy is not None:
                fields = frozenset(type(policy.policy).model_fields)
                yield from _templates(policy.policy, fields, (*below, "policy"))
    else:
        yield from _pod(run, path)


def _pod(run: V1Job | V1Service, path: Path) -> Iterator[Finding]:
    yield from _templates(run, _PODS, path)
    restart = getattr(known(run.environment), "restart_policy", None)
    if restart not in (None, "Never"):
        message = f"`restartPolicy: {restart}` is not supported"
        hint = "write `termination.maxRetries` to have another attempt, in a pod of its own"
        yield Finding(Code.NOT_YET, message, (*path, "environment", "restartPolicy"), hint)
    for index, step in enumerate(known(run.init) or ()):
        carried_out = _COPY if step.artifacts is not None else _INIT
        yield from _fields(step, carried_out, (*path, "init", index))
        yield from _templates(step, carried_out, (*path, "init", index))
        if isinstance(step.artifacts, V1ArtifactsType):
            yield from _templates(
                step.artifacts, frozenset({"files", "dirs"}), (*path, "init", index, "artifacts")
            )
        if isinstance(step.container, dict):
            yield from _container(step.container, (*path, "init", index, "container"))
    for index, sidecar in enumerate(known(run.sidecars) or ()):
        yield from _container(sidecar, (*path, "sidecars", index), always=True)
    if isinstance(run.container, dict):
        yield from _container(run.container, (*path, "container"))


def _container(container: dict[str, Any], path: Path, *, always: bool = False) -> Iterator[Finding]:
    for field in _NOT_IN_CONTAINER:
        if container.get(field) is not None and not (always and container[field] == "Always"):
            yield _finding(field, None, (*path, field))
    for field in _LISTS:
        yield from _templated_list(field, container.get(field), path)


_LISTS: Final = ("command", "args", "env", "envFrom")
_OF_MAPS: Final = frozenset({"env", "envFrom"})


def _templated_list(field: str, value: object, path: Path) -> Iterator[Finding]:
    """Yield that a template stands for a whole list, or for a map in one."""
    message = f"a template for `{field}` is not supported yet"
    if isinstance(value, str):
        yield Finding(Code.NOT_YET, message, (*path, field))
    elif isinstance(value, list) and field in _OF_MAPS:
        for index, item in enumerate(value):
            if isinstance(item, str):
                yield Finding(Code.NOT_YET, message, (*path, field, index))


def _fields(model: BaseModel, carried_out: frozenset[str], path: Path) -> Iterator[Finding]:
    for name in sorted(model.model_fields_set - carried_out):
        if getattr(model, name) is not None:
            yield _finding(_alias(model, name), None, (*path, _alias(model, name)))


def _templates(model: BaseModel, names: frozenset[str], path: Path) -> Iterator[Finding]:
    for name in model.model_fields_set & names:
        if isinstance(getattr(model, name), Template):
            alias = _alias(model, name)
            yield Finding(Code.NOT_YET, f"a template in `{alias}` is not supported yet", (*path, alias))


def _alias(model: BaseModel, name: str) -> str:
    return type(model).model_fields[name].alias or name


def _finding(name: str, value: str | None, path: Path) -> Finding:
    what = f"{name} `{value}`" if value else f"`{name}`"
    return Finding(Code.NOT_YET, f"{what} is not supported yet", path, at_key=value is None)

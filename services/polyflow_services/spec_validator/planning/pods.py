"""The parts of a pod in the plan: what an operation says of it besides its main container's command."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from polyflow_services.spec_validator.fields.serving import planned_service
from polyflow_services.spec_validator.layers.composed import Composed
from polyflow_services.spec_validator.names.copying import copy_step
from polyflow_shared.language.expressions.templates import is_templated
from polyflow_shared.language.models import V1Job, V1Service, V1Termination, known
from polyflow_shared.language.models.pods import PodFields, V1Environment
from polyflow_topics.message import Values
from polyflow_topics.pods import PodParts

_OWN: Final = frozenset({"name", "image", "command", "args", "env", "envFrom", "workingDir"})
"""Fields of the main container that the plan's `Container` has."""
_METADATA: Final = frozenset({"labels", "annotations", "restart_policy", "image_pull_secrets"})
"""Fields of `environment` that are none of the pod's spec, or are written otherwise there."""


def planned_parts(composed: Composed, copies: Iterable[Mapping[str, Any]] = ()) -> PodParts | None:
    """Return what an operation's pod has besides its main container's command; None where that is nothing.

    Args:
        composed: the operation.
        copies: containers that copy what its params name, before all other steps.
    """
    run = composed.run
    if not isinstance(run, V1Job | V1Service):
        return None
    fields: dict[str, Any] = {
        **_of_container(known(run.container) or {}),
        **_of_environment(known(run.environment)),
        "init": (*copies, *map(_given, init_containers(run))),
        "sidecars": tuple(map(_given, known(run.sidecars) or ())),
        "volumes": tuple(map(_given, known(run.volumes) or ())),
        "service": planned_service(composed),
        "namespace": composed.operation.namespace,
        "ttl": _ttl(composed),
    }
    said = {name: value for name, value in fields.items() if value or value == 0}
    return PodParts(**said) if said else None


def _of_container(container: Mapping[str, Any]) -> dict[str, Any]:
    kept_elsewhere = {
        variable["name"]: _given(variable["valueFrom"])
        for variable in _last_ones(container).values()
        if variable.get("valueFrom") is not None
    }
    return {
        "container": _given({key: value for key, value in container.items() if key not in _OWN}),
        "env": kept_elsewhere,
    }


def literal_variables(container: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of a container that have a value; of several of one name the last counts."""
    return {
        name: variable.get("value") or ""
        for name, variable in _last_ones(container).items()
        if variable.get("valueFrom") is None
    }


def _last_ones(container: Mapping[str, Any]) -> dict[str, Any]:
    return {variable["name"]: variable for variable in container.get("env") or ()}


def _of_environment(environment: V1Environment | None) -> dict[str, Any]:
    if environment is None:
        return {}
    spec = environment.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=set(_METADATA))
    if environment.image_pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in environment.image_pull_secrets]
    labels, annotations = environment.labels or {}, environment.annotations or {}
    return {"labels": labels, "annotations": annotations, "spec": _given(spec)}


def init_containers(run: PodFields) -> Iterator[dict[str, Any]]:
    """Yield the containers that prepare a run, in order; one without a name is called by its number."""
    main = known(run.container)
    image = main.get("image") if isinstance(main, dict) else None
    for number, step in enumerate(known(run.init) or ()):
        name = f"init-{number}"
        container = copy_step(step, name, image) or known(step.container)
        if container is not None:
            yield {"name": name, **_given(container)}


def _ttl(composed: Composed) -> int | None:
    termination = composed.operation.termination
    return known(termination.ttl) if isinstance(termination, V1Termination) else None


def _given(value: Any) -> Any:
    """Return a value without what is null, which is the same to Kubernetes and larger."""
    if isinstance(value, Mapping):
        return {key: _given(item) for key, item in value.items() if item is not None}
    return [_given(item) for item in value] if isinstance(value, list | tuple) else value


def has_templates(value: Values | PodParts | Any) -> bool:
    """Tell whether any text in a value is to be rendered."""
    if isinstance(value, PodParts):
        return any(has_templates(getattr(value, name)) for name in value.model_fields_set)
    if isinstance(value, Mapping):
        return any(map(has_templates, value.values()))
    if isinstance(value, list | tuple):
        return any(map(has_templates, value))
    return isinstance(value, str) and is_templated(value)

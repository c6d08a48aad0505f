"""The beta dialect of 2019: `kind: pipeline` with `ops` and `templates`.

Source: the project's decisions about the dialects; the names of further fields are those of that time's
specification of jobs, experiments and builds.
"""

from functools import cache
from typing import Final

from polyflow_shared.language.dialects.rules import (
    TODAYS_VERSION,
    Shape,
    Step,
    as_dag,
    becomes,
    each,
    inside,
    moved,
    names_of,
    renamed,
)
from polyflow_shared.language.dialects.steps import built_by, env_from, long_form, of_kind, reference
from polyflow_shared.language.models import (
    V1IO,
    V1CronSchedule,
    V1DateTimeSchedule,
    V1Environment,
    V1IntervalSchedule,
    V1Operation,
)

_OPERATION: Final = names_of(V1Operation)
_IO: Final = (
    each(
        Shape(
            {
                "type": (becomes({"s3_path": "s3", "gcs_path": "gcs", "wasb_path": "wasb"}),),
                "default": (renamed("value"),),
            },
            names_of(V1IO),
        )
    ),
)
_SCHEDULE: Final = Shape({}, names_of(V1CronSchedule, V1IntervalSchedule, V1DateTimeSchedule))
_KINDS: Final = {
    "job": "job",
    "experiment": "job",
    "build": "job",
    "notebook": "service",
    "tensorboard": "service",
    "pipeline": "dag",
}


def _environment(container: str) -> tuple[Step, ...]:
    """Return the step that rewrites pods' settings; secrets and config maps go to a container."""
    fields: dict[str, tuple[Step, ...]] = {
        "service_account": (renamed("serviceAccountName"),),
        "serviceAccount": (renamed("serviceAccountName"),),
        "max_restarts": (moved("termination.maxRetries"),),
        "secret_refs": (env_from("secretRef", container),),
        "config_map_refs": (env_from("configMapRef", container),),
        "resources": (moved(f"{container}.resources"),),
    }
    return (inside(Shape(fields, names_of(V1Environment))),)


_RUN: Final = inside(Shape({"cmd": (moved("cmd", said="run.cmd"),)}, closed=False))


def _lists(prefix: str, build: str) -> dict[str, tuple[Step, ...]]:
    """Return the rules of a pipeline's own fields."""
    return {
        "ops": (each(lambda: _operation(build)), moved(f"{prefix}run.operations")),
        "operations": (each(lambda: _operation(build)), moved(f"{prefix}run.operations")),
        "templates": (each(lambda: _template(build)), moved(f"{prefix}run.components")),
        "components": (each(lambda: _template(build)), moved(f"{prefix}run.components")),
        "concurrency": (moved(f"{prefix}run.concurrency"),),
        "early_stopping": (moved(f"{prefix}run.earlyStopping"),),
        "earlyStopping": (moved(f"{prefix}run.earlyStopping"),),
    }


def document(kind: object, build: str) -> Shape:
    """Return the rules for a document.

    Args:
        kind: its own `kind`: a pipeline becomes an operation with a component inside.
        build: the component that builds images.
    """
    is_pipeline = kind == "pipeline"
    prefix = "component." if is_pipeline else ""
    fields: dict[str, tuple[Step, ...]] = {
        "kind": (becomes({"pipeline": "operation"}),),
        "schedule": (inside(_SCHEDULE),),
        "params": (long_form,),
        "inputs": (*_IO, *((moved("component.inputs"),) if is_pipeline else ())),
        "outputs": (*_IO, *((moved("component.outputs"),) if is_pipeline else ())),
        "environment": (*_environment("run.container"), moved(f"{prefix}run.environment")),
        "run": (inside(lambda: _dag(build)),),
        **_lists(prefix, build),
        "version": (TODAYS_VERSION,),
    }
    return Shape(fields, _OPERATION, after=as_dag(prefix.rstrip(".")))


@cache
def _dag(build: str) -> Shape:
    return Shape(
        {
            "operations": (each(lambda: _operation(build)),),
            "components": (each(lambda: _template(build)),),
        },
        closed=False,
    )


@cache
def _operation(build: str) -> Shape:
    return Shape(
        {
            "template": (reference,),
            "params": (long_form,),
            "environment": _environment("container"),
            "inputs": _IO,
            "outputs": _IO,
            "component": (inside(lambda: _template(build)),),
            "run": (inside(lambda: _dag(build)),),
            "max_restarts": (moved("termination.maxRetries"),),
            "max_retries": (moved("termination.maxRetries"),),
        },
        _OPERATION,
    )


@cache
def _template(build: str) -> Shape:
    return Shape(
        {
            "inputs": _IO,
            "outputs": _IO,
            "params": (long_form,),
            "build": (built_by(build),),
            "environment": (*_environment("run.container"), moved("run.environment")),
            "run": (_RUN, inside(lambda: _dag(build))),
            "schedule": (inside(_SCHEDULE),),
            **_lists("", build),
            "kind": (of_kind("run", _KINDS),),
        },
        _OPERATION,
        after=as_dag(),
    )

"""The document: an operation or a component, and the DAG that holds operations."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Discriminator, Tag, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel

from polyflow_shared.language.models.base import (
    Integer,
    Model,
    Name,
    Number,
    PositiveInteger,
    Templated,
    Words,
    broken_rule,
)
from polyflow_shared.language.models.distributed import (
    V1DaskCluster,
    V1MPIJob,
    V1PytorchJob,
    V1RayCluster,
    V1TFJob,
)
from polyflow_shared.language.models.early_stopping import V1EarlyStopping
from polyflow_shared.language.models.io import V1IO, V1Param
from polyflow_shared.language.models.joins import V1Join
from polyflow_shared.language.models.kubernetes import Container, NamedContainer, Volume
from polyflow_shared.language.models.matrix import V1Matrix
from polyflow_shared.language.models.pods import V1Environment, V1Init
from polyflow_shared.language.models.policies import PatchStrategy, V1Cache, V1Plugins, V1Termination
from polyflow_shared.language.models.relations import V1Build, V1EventTrigger, V1Hook, V1Mount, V1Template
from polyflow_shared.language.models.resources import Amount
from polyflow_shared.language.models.resources import checked as _resources
from polyflow_shared.language.models.runtimes import (
    V1CleanerJob,
    V1Job,
    V1NotifierJob,
    V1Service,
    V1TunerJob,
)
from polyflow_shared.language.models.schedules import V1Schedule
from polyflow_topics.status import Trigger

PARAM_KEYS: Final = frozenset({"value", "ref", "contextOnly", "connection", "toInit", "toEnv"})
REFERENCES: Final = ("hub_ref", "dag_ref", "url_ref", "path_ref")


class V1Dag(Model):
    """Operations that wait for each other."""

    kind: Literal["dag"] = "dag"
    """Says that this is a DAG."""
    operations: Templated[list["V1Operation"]] | None = None
    """The operations, each with a name of its own."""
    components: Templated[list["V1Operation"]] | None = None
    """Components that its operations refer to with `dagRef`, each with a name of its own."""
    environment: Templated[V1Environment] | None = None
    """Settings that the pods of all its operations get, unless they say otherwise."""
    connections: Templated[list[str]] | None = None
    """Names of connections that all its operations get."""
    volumes: Templated[list[Volume]] | None = None
    """Volumes that all its operations get."""
    concurrency: Templated[PositiveInteger] | None = None
    """Operations that may be active at once; absent means no limit."""
    early_stopping: Templated[list[V1EarlyStopping]] | None = None
    """When everything in it is stopped."""


class PartialRun(dict[str, Any]):
    """A run without `kind`: what it is, its base says."""

    __slots__ = ()


def _kind_of(run: object) -> str | None:
    """Return the tag of the runtime that a value is meant as."""
    if isinstance(run, PartialRun):
        return "partial"
    if isinstance(run, dict):
        return str(run["kind"]) if run.get("kind") is not None else "partial"
    return getattr(run, "kind", None)


V1Runtime = (
    V1Job | V1Service | V1Dag | V1MPIJob | V1PytorchJob | V1TFJob | V1RayCluster | V1DaskCluster
    | V1NotifierJob | V1CleanerJob | V1TunerJob
)  # fmt: skip
"""What can be run."""

_WITHOUT_KIND: Final = {"type": "object", "not": {"required": ["kind"]}}

V1Run = Annotated[
    Annotated[V1Job, Tag("job")]
    | Annotated[V1Service, Tag("service")]
    | Annotated[V1Dag, Tag("dag")]
    | Annotated[V1MPIJob, Tag("mpijob")]
    | Annotated[V1PytorchJob, Tag("pytorchjob")]
    | Annotated[V1TFJob, Tag("tfjob")]
    | Annotated[V1RayCluster, Tag("raycluster")]
    | Annotated[V1DaskCluster, Tag("daskcluster")]
    | Annotated[V1NotifierJob, Tag("notifier")]
    | Annotated[V1CleanerJob, Tag("cleaner")]
    | Annotated[V1TunerJob, Tag("tuner")]
    | Annotated[dict[str, Any], AfterValidator(PartialRun), WithJsonSchema(_WITHOUT_KIND), Tag("partial")],
    Discriminator(_kind_of),
]
"""A runtime by its kind, or a part of one."""


def _long_form(params: object) -> object:
    """Return params with `name: value` written out; a map with one of a param's own keys is so already."""
    if not isinstance(params, dict):
        return params
    return {
        name: param if isinstance(param, V1Param | dict) and _is_param(param) else {"value": param}
        for name, param in params.items()
    }


def _is_param(param: V1Param | dict[str, Any]) -> bool:
    return isinstance(param, V1Param) or not param or not PARAM_KEYS.isdisjoint(param)


def _lines(cmd: str | list[str]) -> str | list[str]:
    lines = [cmd] if isinstance(cmd, str) else cmd
    if not lines or not all(line.strip() for line in lines):
        raise broken_rule("`cmd` must not be empty, and no line of it blank")
    return cmd


class V1Operation(Model):
    """An operation or component: one set of fields; `kind` says what it is meant as."""

    version: Number | None = None
    """The version of the language: 1, 1.0 or 1.1; any other is a warning."""
    kind: Literal["component", "operation", "compiled_operation"] | None = None
    """What it is meant as: `operation` or `component`. Both have the same fields. `compiled_operation` is
    the form that the platform itself keeps.
    """
    name: Templated[Name] | None = None
    """Letters, digits, `-` and `_`. In a DAG every operation needs a name of its own."""
    description: str | None = None
    """A text for readers."""
    tags: Words | None = None
    """Words to find the run by: a list, or one text with commas. Those of its component where it has none."""
    presets: Words | None = None
    """Names of saved presets that are laid over it, in this order: a list, or one text with commas."""
    strict_params: bool | None = None
    """Whether a param that matches no input or output is an error. True in any layer holds for all of them.
    """
    queue: str | None = None
    """The queue that the run waits in: `QUEUE` or `CLUSTER/QUEUE`. It decides where the run goes, how soon,
    and how many run at once.
    """
    namespace: str | None = None
    """The Kubernetes namespace that the run's pods are in."""
    cache: Templated[V1Cache] | None = None
    """When the results of an earlier run with the same content are used."""
    termination: Templated[V1Termination] | None = None
    """How long it may take, how often it is tried, how long what it leaves is kept."""
    plugins: Templated[V1Plugins] | None = None
    """What the platform adds to its pods."""
    build: Templated[V1Build] | None = None
    """A container image that is built first; its main container then uses it. Not with a DAG."""
    hooks: Templated[list[V1Hook]] | None = None
    """Components that are run when this run has ended."""
    is_approved: Templated[bool] | None = None
    """False holds the run back until somebody approves it. The operations of a DAG and the trials of a
    matrix do not take it over.
    """
    cost: Templated[Number] | None = None
    """What the run costs, in a unit of your own; for sorting and sums."""
    mount: list[str | V1Mount] | None = None
    """Files and folders of your machine that are uploaded with the request: `from:to`, or maps with `from`
    and `to`.
    """
    schedule: V1Schedule | None = None
    """When it is run, and how often; not within a DAG."""
    events: Templated[list[V1EventTrigger]] | None = None
    """Events that it waits for. With `ref: ops.NAME` that operation becomes an upstream."""
    matrix: V1Matrix | None = None
    """Runs it many times, with other values for its params."""
    joins: Templated[list[V1Join]] | None = None
    """Searches over earlier runs, whose results become lists of values. They add no upstreams."""
    dependencies: Templated[list[str]] | None = None
    """Names of operations of the same DAG that it waits for: its upstreams. Does nothing outside a DAG."""
    trigger: Templated[Trigger] | None = None
    """What its upstreams must have come to before it starts; `all_succeeded` where absent."""
    conditions: str | None = None
    """An expression over its params, with or without `{{ }}`. Where it is false, the operation is skipped.
    Quotes are needed around `true` and `false`.
    """
    skip_on_upstream_skip: bool | None = None
    """Whether it is skipped as soon as an upstream was skipped, whatever its trigger; false where absent."""
    inputs: list[V1IO] | None = None
    """What it needs to know, with types and defaults."""
    outputs: list[V1IO] | None = None
    """What it tells when it has ended; the values come while it runs."""
    run: V1Run | None = None
    """What is run. Without `kind` it is a part that completes the run of the component that it is laid over.
    """
    ports: list[Integer] | None = None
    """Short for `run.ports`. Makes a service where there is no run."""
    container: Templated[Container] | None = None
    """Short for `run.container`, in a distributed run for that of every role. Makes a job where there is no
    run. Not with a DAG.
    """
    cmd: Annotated[str | list[str], AfterValidator(_lines)] | None = None
    """Short for the container's `command` and `args`: one line of shell or several, of which the first one
    that fails ends the run. Not with a DAG.
    """
    env: dict[str, str] | None = None
    """Short for the container's environment variables: texts by name. Numbers and `true` need quotes."""
    resources: Annotated[dict[str, Amount], AfterValidator(_resources)] | None = None
    """Short for the container's `resources`: `cpu`, `memory`, `gpu` or a device such as `google.com/tpu`,
    each with an amount or `request..limit`. A count alone is both.
    """
    environment: V1Environment | None = None
    """Short for `run.environment`."""
    init: list[V1Init] | None = None
    """Short for `run.init`."""
    connections: list[str] | None = None
    """Short for `run.connections`."""
    sidecars: list[NamedContainer] | None = None
    """Short for `run.sidecars`."""
    volumes: list[Volume] | None = None
    """Short for `run.volumes`."""
    template: V1Template | None = None
    """Marks a file that is to be edited before it can be run."""
    params: (
        Annotated[
            dict[str, V1Param], BeforeValidator(_long_form, json_schema_input_type=dict[str, V1Param | Any])
        ]
        | None
    ) = None
    """Values for inputs, by name: `name: value`, or a map with `value` and more. What matches no input is
    there for templates.
    """
    hub_ref: str | None = None
    """A component of the hub: `NAME[:TAG]` or `OWNER/NAME[:TAG]`; the tag is `latest` where absent."""
    dag_ref: str | None = None
    """The name of a component among the `components` of a DAG around it."""
    url_ref: str | None = None
    """The address of a file with a component, http or https."""
    path_ref: str | None = None
    """The path of a file with a component, from the folder of the file that names it."""
    component: "V1Operation | None" = None
    """The component itself, in place of a reference."""
    patch_strategy: PatchStrategy | None = None
    """How it is laid over what it refers to: it wins (`post_merge`, where absent), the other wins
    (`pre_merge`), fields are replaced (`replace`) or only filled in (`isnull`).
    """
    is_preset: bool | None = None
    """Marks a file that is laid over others and is never run by itself."""
    run_patch: dict[str, Any] | None = None
    """A part of a run that is laid over the run after everything else."""

    @model_validator(mode="after")
    def _one_reference(self) -> Self:
        given = [name for name in REFERENCES if getattr(self, name) is not None]
        if len(given) > 1:
            names = " and ".join(name.replace("_ref", "Ref") for name in given)
            raise broken_rule(
                f"at most one reference may be given, not {names}", at=to_camel(given[1]), code="PF2007"
            )
        return self

    @model_validator(mode="after")
    def _compiled_form(self) -> Self:
        if self.kind != "compiled_operation":
            return self
        for name in (*REFERENCES, "params", "component", "run_patch", "patch_strategy", "presets"):
            if name in self.model_fields_set:
                raise broken_rule("a compiled operation has nothing to compose", at=to_camel(name))
        for name in ("sandbox", "ssh") if isinstance(self.plugins, V1Plugins) else ():
            if getattr(self.plugins, name) and getattr(self.run, "kind", "service") != "service":
                raise broken_rule(f"`{name}` is for services", at="plugins")
        return self


class V1Component(V1Operation):
    """An operation that is meant to be reused."""

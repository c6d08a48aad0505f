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


_SHORT_FORM: Final = BeforeValidator(_long_form, json_schema_input_type=dict[str, V1Param | Any])


class V1Operation(Model):
    """An operation or component: one set of fields; `kind` says what it is meant as."""

    version: Number | None = None
    """Spec version number. 2.18: optional, any number, ignored. <=2.16: required, must equal 1.1."""
    kind: Literal["component", "operation", "compiled_operation"] | None = None
    """`component`, `operation` or absent (2.18). <=2.16: required. Kind does not change which fields are
    allowed in 2.18; it only records intent and is preserved on children. `compiled_operation` exists
    only as an internal compiled form.
    """
    name: Templated[Name] | None = None
    """Must match `^[-a-zA-Z0-9_]+$` or be a `{{ }}` template. Inside a DAG it is the node id and must be
    unique and present.
    """
    description: str | None = None
    """Free text, copied to the run."""
    tags: Words | None = None
    """List of strings or a comma-separated string. De-duplicated when the run is created. Node tags fall
    back to the component tags.
    """
    presets: Words | None = None
    """Names of saved presets (server side) to apply in order; list or comma-separated string."""
    strict_params: bool | None = None
    """If true, a param with no matching input/output (and not `contextOnly: true`) is an error. True on
    any layer wins; an outer `false` cannot relax an inner `true`.
    """
    queue: str | None = None
    """`queue-name` or `agent-name/queue-name` (validated only on CLI `--queue`). Decides which
    agent/cluster, priority and concurrency pool the run uses.
    """
    namespace: str | None = None
    """Kubernetes namespace to run in (must be served by the agent)."""
    cache: Templated[V1Cache] | None = None
    """Cache policy."""
    termination: Templated[V1Termination] | None = None
    """Retries, timeouts, TTL, culling."""
    plugins: Templated[V1Plugins] | None = None
    """Platform services injected into the run."""
    build: Templated[V1Build] | None = None
    """A container-image build to run first. Refused at run creation with a DAG runtime."""
    hooks: Templated[list[V1Hook]] | None = None
    """Operations to start after this run is done."""
    is_approved: Templated[bool] | None = None
    """`false` to the run is created but held (`pending: approval`) until a user approves it. `true`/absent
    to no hold. Not copied to matrix/DAG children.
    """
    cost: Templated[Number] | None = None
    """Relative cost number stored on the run (used for sorting/analytics). Not range-checked."""
    mount: list[str | V1Mount] | None = None
    """CLI-side uploads at submit time: `from:to` strings or `{from, to}` objects. No effect on server-side
    graph logic.
    """
    schedule: V1Schedule | None = None
    """Turns the operation into a schedule controller. Rejected on a DAG node."""
    events: Templated[list[V1EventTrigger]] | None = None
    """List of event triggers. Each `ops.X` ref adds a graph edge."""
    matrix: V1Matrix | None = None
    """Turns the operation into a parallel/optimisation controller."""
    joins: Templated[list[V1Join]] | None = None
    """Searches over finished/any runs whose results become list params. **Do not add graph edges**, even
    with `ref: ops.X`.
    """
    dependencies: Templated[list[str]] | None = None
    """List of sibling op names that must be done first. Adds edges. Unknown names to "orphan ops" error.
    Ignored outside a DAG.
    """
    trigger: Templated[Trigger] | None = None
    """When to start relative to upstream statuses. Absent = `all_succeeded`."""
    conditions: str | None = None
    """String expression rendered at compile time; false to run is SKIPPED. Must be a YAML *string* (bare
    `true` is rejected; `"true"` ok). Written with or without `{{ }}`.
    """
    skip_on_upstream_skip: bool | None = None
    """If true and a direct upstream was skipped to this op is SKIPPED at once, before the trigger is
    looked at. Default false.
    """
    inputs: list[V1IO] | None = None
    """Declared inputs."""
    outputs: list[V1IO] | None = None
    """Declared outputs. Values for outputs usually arrive at run time, so by default they are not
    required.
    """
    run: V1Run | None = None
    """The runtime. May be partial (no `kind`) when a base (component/ref) supplies the kind; otherwise
    `run.kind` is required.
    """
    ports: list[Integer] | None = None
    """Shortcut: applied first. With no runtime it creates a `service`; otherwise sets `run.ports`."""
    container: Templated[Container] | None = None
    """Shortcut: patches `run.container` (creates a `job` if no runtime). On a distributed runtime it is
    applied to every replica. Error on a DAG.
    """
    cmd: Annotated[str | list[str], AfterValidator(_lines)] | None = None
    """Shortcut: string or list of lines to `command: ["/bin/sh","-c"]`, `args: ["set -e\n<lines>"]`.
    Blank/empty/non-string entries rejected. Replaces the whole command+args pair under
    post_merge/replace, keeps an existing pair under pre_merge/isnull. Error on a DAG.
    """
    env: dict[str, str] | None = None
    """Shortcut: map nametostring (values must be strings; `true`/`1` rejected with a quoting hint) merged
    into the container env (last one wins per name).
    """
    resources: Annotated[dict[str, Amount], AfterValidator(_resources)] | None = None
    """Shortcut: map of `cpu`, `memory`, `gpu`, or an extended resource such as `google.com/tpu`. Value =
    quantity, or `"request..limit"`. `gpu` counts set both sides; `nvidia.com/gpu` must be spelled
    `gpu`. Unknown keys (e.g. `limits`) rejected.
    """
    environment: V1Environment | None = None
    """Shortcut for `run.environment`."""
    init: list[V1Init] | None = None
    """Shortcut for `run.init`."""
    connections: list[str] | None = None
    """Shortcut for `run.connections`."""
    sidecars: list[NamedContainer] | None = None
    """Shortcut for `run.sidecars`."""
    volumes: list[Volume] | None = None
    """Shortcut for `run.volumes`."""
    template: V1Template | None = None
    """Marks the file as a template that cannot be run before being edited."""
    params: (
        Annotated[
            dict[str, V1Param], BeforeValidator(_long_form, json_schema_input_type=dict[str, V1Param | Any])
        ]
        | None
    ) = None
    """Param values by name. Short form `name: value` allowed here (only here)."""
    hub_ref: str | None = None
    """`name[:version]` or `owner/name[:version]` of a registered component."""
    dag_ref: str | None = None
    """Name of an entry of the enclosing DAG's `components`."""
    url_ref: str | None = None
    """URL of a component file."""
    path_ref: str | None = None
    """Path to a component file, relative to the file that mentions it."""
    component: "V1Operation | None" = None
    """Inline base definition (same field set; nests recursively). May sit next to one ref = "already
    resolved".
    """
    patch_strategy: PatchStrategy | None = None
    """How this layer merges over its base: `post_merge` (default), `pre_merge`, `replace`, `isnull`. Each
    layer uses its own.
    """
    is_preset: bool | None = None
    """Marks the file as an overlay (preset); it does not need a runtime."""
    run_patch: dict[str, Any] | None = None
    """Free-form partial runtime merged after everything else of the layer; validated against the final
    runtime kind. Rejected if the layer resolves to no runtime (and it is not a preset).
    """

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

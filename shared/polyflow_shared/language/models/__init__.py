"""What may be written: the models of operations, components and what is in them.

Fields are camelCase in files and snake_case in Python; a field that is not here is an error at any depth.  A
field of type `Later` belongs to the language and cannot be run yet: it is refused by name, never ignored.
Source of the fields: the operation language of Polyaxon 2.18.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    FiniteFloat,
    StrictInt,
    StringConstraints,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from polyflow_shared.language.values import TypeNameError, parsed_type
from polyflow_topics.status import Trigger


def _later(value: object) -> object:
    """Refuse a field of the language that cannot be run yet; null is as good as absent."""
    if value is None:
        return None
    raise PydanticCustomError("not_yet", "this field is not supported yet")


def _type_name(name: str) -> str:
    try:
        parsed_type(name)
    except TypeNameError as error:
        raise PydanticCustomError("type_name", "{message}", {"message": str(error)}) from error
    return name


def _free(name: str) -> str:
    if name in RESERVED:
        raise PydanticCustomError("reserved", "the name `{name}` is reserved", {"name": name})
    return name


def _words(value: object) -> object:
    """Return the parts of a comma-separated text."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


RESERVED: Final = frozenset({"globals", "params", "connections"})
PARAM_KEYS: Final = frozenset({"value", "ref", "contextOnly", "connection", "toInit", "toEnv"})
LATER_KINDS: Final = frozenset(
    {"service", "mpijob", "pytorchjob", "tfjob", "daskcluster", "raycluster", "notifier", "cleaner", "tuner"}
)

Later = Annotated[Any, BeforeValidator(_later)]
Name = Annotated[str, StringConstraints(pattern=r"^[-a-zA-Z0-9_]+$", max_length=100)]
TypeName = Annotated[str, AfterValidator(_type_name)]
ValueName = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_free)]
Words = Annotated[list[str], BeforeValidator(_words)]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")]


class Model(BaseModel):
    """The base of all models of the language."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        defer_build=True,
    )


class V1EnvVar(Model):
    """One environment variable."""

    name: Variable
    value: str | None = None
    value_from: Later = None


class V1Container(Model):
    """The container that an operation runs, in Kubernetes' words."""

    name: str | None = None
    image: str | None = None
    command: list[str] | None = None
    args: list[str] | None = None
    env: list[V1EnvVar] | None = None
    working_dir: str | None = None
    env_from: Later = None
    image_pull_policy: Later = None
    lifecycle: Later = None
    liveness_probe: Later = None
    ports: Later = None
    readiness_probe: Later = None
    resources: Later = None
    security_context: Later = None
    startup_probe: Later = None
    stdin: Later = None
    termination_message_path: Later = None
    termination_message_policy: Later = None
    tty: Later = None
    volume_devices: Later = None
    volume_mounts: Later = None


class V1Param(Model):
    """A value that an operation gets: a literal, or with `ref` a place to read it from."""

    value: Any = None
    ref: str | None = None
    context_only: bool | None = None
    to_env: Variable | None = None
    connection: Later = None
    to_init: Later = None


class V1IO(Model):
    """A declared input or output."""

    name: ValueName
    description: str | None = None
    type: TypeName | None = None
    is_optional: bool | None = None
    is_list: bool | None = None
    is_flag: bool | None = None
    arg_format: str | None = None
    to_env: Variable | None = None
    value: Any = None
    connection: Later = None
    to_init: Later = None
    validation: Later = None
    delay_validation: Later = None
    options: Later = None

    @property
    def has_default(self) -> bool:
        """Whether a default is given; 0, false and "" are defaults, null is none."""
        return self.value is not None

    @property
    def optional(self) -> bool:
        """Whether it may go without a value of its own."""
        return bool(self.is_optional) or self.has_default

    @property
    def kind(self) -> str | None:
        """The type's name in full: a list of it where `isList` is set."""
        return f"List[{self.type or 'any'}]" if self.is_list else self.type


class V1Termination(Model):
    """How long an operation may take, and how often it is tried."""

    max_retries: Annotated[StrictInt, Field(ge=0, le=1000)] | None = None
    """Attempts after the first one."""
    timeout: Annotated[StrictInt, Field(gt=0, le=100_000_000)] | None = None
    """Seconds that one attempt may take."""
    ttl: Later = None
    culling: Later = None
    probe: Later = None
    pod_failure_policy: Later = None


class V1MetricEarlyStopping(Model):
    """Stop as soon as a metric reaches a value."""

    kind: Literal["metric_early_stopping"]
    metric: Annotated[str, StringConstraints(min_length=1)]
    value: FiniteFloat
    """In the metric's own unit; reaching it counts."""
    optimization: Literal["maximize", "minimize"]
    policy: Later = None


class V1FailureEarlyStopping(Model):
    """Stop as soon as a share of the operations has failed."""

    kind: Literal["failure_early_stopping"]
    percent: Annotated[FiniteFloat, Field(ge=1, le=100)]
    """Of all operations of the DAG."""


V1EarlyStopping = Annotated[V1MetricEarlyStopping | V1FailureEarlyStopping, Discriminator("kind")]


class V1Job(Model):
    """A run of one container to its end."""

    kind: Literal["job"] = "job"
    container: V1Container | None = None
    environment: Later = None
    connections: Later = None
    volumes: Later = None
    init: Later = None
    sidecars: Later = None


class V1Dag(Model):
    """Operations that wait for each other."""

    kind: Literal["dag"] = "dag"
    operations: list["V1Operation"] | None = None
    components: list["V1Operation"] | None = None
    concurrency: Annotated[int, Field(gt=0)] | None = None
    """Operations that may be active at once."""
    early_stopping: list[V1EarlyStopping] | None = None
    environment: Later = None
    connections: Later = None
    volumes: Later = None


V1Run = Annotated[V1Job | V1Dag, Discriminator("kind")]


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


class V1Operation(Model):
    """An operation or a component: one set of fields, `kind` says what it is meant as."""

    version: float | None = None
    kind: Literal["operation", "component"] | None = None
    name: Name | None = None
    description: str | None = None
    tags: Words | None = None
    queue: str | None = None
    strict_params: bool | None = None
    termination: V1Termination | None = None
    dependencies: list[str] | None = None
    trigger: Trigger | None = None
    params: Annotated[dict[str, V1Param], BeforeValidator(_long_form)] | None = None
    inputs: list[V1IO] | None = None
    outputs: list[V1IO] | None = None
    dag_ref: str | None = None
    component: "V1Operation | None" = None
    run: V1Run | None = None
    build: Later = None
    cache: Later = None
    cmd: Later = None
    conditions: Later = None
    connections: Later = None
    container: Later = None
    cost: Later = None
    env: Later = None
    environment: Later = None
    events: Later = None
    hooks: Later = None
    hub_ref: Later = None
    init: Later = None
    is_approved: Later = None
    is_preset: Later = None
    joins: Later = None
    matrix: Later = None
    mount: Later = None
    namespace: Later = None
    patch_strategy: Later = None
    path_ref: Later = None
    plugins: Later = None
    ports: Later = None
    presets: Later = None
    resources: Later = None
    run_patch: Later = None
    schedule: Later = None
    sidecars: Later = None
    skip_on_upstream_skip: Later = None
    template: Later = None
    url_ref: Later = None
    volumes: Later = None


class V1Component(V1Operation):
    """An operation that is meant to be reused."""

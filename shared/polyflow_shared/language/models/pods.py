"""What a pod is made of: its settings, its preparation, its containers."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from polyflow_shared.language.models.base import Integer, Model, Templated, broken_rule
from polyflow_shared.language.models.kubernetes import (
    Affinity,
    Container,
    HostAlias,
    NamedContainer,
    PodDNSConfig,
    PodSecurityContext,
    Toleration,
    Volume,
)


def _texts(values: object) -> object:
    """Return a map whose numbers and booleans are texts: what labels and their like may be."""
    if not isinstance(values, dict):
        return values
    return {name: _text(value) for name, value in values.items()}


def _text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


TextByName = Annotated[
    dict[str, str], BeforeValidator(_texts, json_schema_input_type=dict[str, str | int | float | bool])
]
"""Texts by name; numbers and booleans are read as text."""

SOURCES: Final = (
    "artifacts", "paths", "git", "dockerfile", "file", "tensorboard", "lineage_ref", "model_ref",
    "artifact_ref",
)  # fmt: skip
"""Fields of an init step of which one at most is given."""


class V1ArtifactsType(Model):
    """Files and folders of the artifacts store."""

    files: Templated[list[Templated[str | list[str]]]] | None = None
    """Each a path, or `[from, to]`."""
    dirs: Templated[list[Templated[str | list[str]]]] | None = None
    """Each a path, or `[from, to]`."""
    workers: Templated[Integer] | None = None
    """Transfers at once."""


class V1GitType(Model):
    """A git repository."""

    url: str | None = None
    """Its address; the step's `connection` may have it instead."""
    revision: str | None = None
    """A branch, tag or commit."""
    flags: Templated[list[str]] | None = None
    """Further arguments of the clone."""


ImageName = Annotated[
    str, StringConstraints(min_length=1, pattern=r"^[^\s:]+(?::[0-9]+/[^\s:]+)?(?::[^\s:/]+)?$")
]
"""`[registry[:port]/]name[:tag]`."""


class V1DockerfileType(Model):
    """A Dockerfile that is generated."""

    image: Templated[ImageName]
    """The image that it builds on."""
    env: Templated[dict[str, Any]] | None = None
    """Variables by name."""
    path: Templated[list[str]] | None = None
    """Folders that are added to PATH."""
    copy_: Templated[list[str | list[str]]] | None = Field(default=None, alias="copy")
    """What is copied into the image: paths, or `[from, to]`."""
    post_run_copy: Templated[list[str | list[str]]] | None = None
    """What is copied after the commands of `run`."""
    run: Templated[list[str]] | None = None
    """Commands, each a layer."""
    lang_env: str | None = None
    """The value of LC_ALL and its like."""
    uid: Templated[Integer] | None = None
    """The number of the user that is created."""
    gid: Templated[Integer] | None = None
    """The number of that user's group."""
    username: str | None = None
    """That user's name."""
    filename: str | None = None
    """`Dockerfile` where absent."""
    workdir: str | None = None
    """`/code` where absent."""
    workdir_path: str | None = None
    """A path on this machine that is copied to the working directory."""
    shell: str | None = None
    """`/bin/bash` where absent."""


class V1FileType(Model):
    """A file that is written before the main container starts."""

    content: str
    """Its text."""
    filename: str | None = None
    """Its name."""
    chmod: str | None = None
    """Its mode, such as `+x`."""
    kind: str | None = None
    """What kind of artifact it is."""


class V1TensorboardType(Model):
    """Event files of several runs, for TensorBoard."""

    port: Templated[Integer] | None = None
    """Where TensorBoard listens."""
    uuids: Templated[list[str]] | None = None
    """Ids of the runs."""
    use_names: Templated[bool] | None = None
    """Whether folders are called by the runs' names."""
    path_prefix: str | None = None
    """What its addresses begin with."""
    plugins: Templated[list[str]] | None = None
    """Names of plugins that are installed first."""


class V1Environment(Model):
    """Settings of the pods of a run."""

    labels: TextByName | None = None
    """Labels of the pods."""
    annotations: TextByName | None = None
    """Annotations of the pods."""
    node_selector: TextByName | None = None
    """Labels that a node must have."""
    affinity: Affinity | None = None
    """Which nodes and neighbours the pods are drawn to."""
    tolerations: list[Toleration] | None = None
    """Taints of nodes that the pods put up with."""
    node_name: str | None = None
    """The node that the pods go to."""
    service_account_name: str | None = None
    """The service account that the pods run as."""
    host_aliases: list[HostAlias] | None = None
    """Further lines in /etc/hosts."""
    security_context: PodSecurityContext | None = None
    """User, group and rights of the pods' processes."""
    image_pull_secrets: list[str] | None = None
    """Names of the secrets that images are pulled with."""
    host_network: bool | None = None
    """Whether the pods use the node's network."""
    host_pid: bool | None = Field(default=None, alias="hostPID")
    """Whether the pods see the node's processes."""
    dns_policy: str | None = None
    """How names are resolved, as in Kubernetes."""
    dns_config: PodDNSConfig | None = None
    """Servers and options for resolving names."""
    scheduler_name: str | None = None
    """The scheduler that places the pods."""
    priority_class_name: str | None = None
    """The pods' priority class."""
    priority: Integer | None = None
    """The pods' priority: higher ones go first."""
    restart_policy: Literal["Always", "OnFailure", "Never", "ExitCode"] | None = None
    """When a container is started again; `Never` where absent."""

    @model_validator(mode="before")
    @classmethod
    def _service_account(cls, value: Any) -> Any:
        """Read `serviceAccount`, the name of older dialects, in all of them."""
        if not isinstance(value, dict) or "serviceAccount" not in value or "serviceAccountName" in value:
            return value
        return {"serviceAccountName" if key == "serviceAccount" else key: item for key, item in value.items()}


class V1Init(Model):
    """A step that prepares a run before its main container starts."""

    artifacts: Templated[V1ArtifactsType] | None = None
    """Files and folders from the artifacts store, or from the `connection`."""
    paths: Templated[str | list[str | list[str]]] | None = None
    """What is copied from the `connection`: a path, or a list of paths and `[from, to]`."""
    git: Templated[V1GitType] | None = None
    """A repository that is cloned."""
    dockerfile: Templated[V1DockerfileType] | None = None
    """A Dockerfile that is generated."""
    file: Templated[V1FileType] | None = None
    """A file that is written."""
    tensorboard: Templated[V1TensorboardType] | None = None
    """Event files of several runs."""
    lineage_ref: str | None = None
    """An artifact of a run: `RUN:NAME`."""
    model_ref: str | None = None
    """A version of a model: `[OWNER/]PROJECT:VERSION`."""
    artifact_ref: str | None = None
    """A version of an artifact: `[OWNER/]PROJECT:VERSION`."""
    connection: str | None = None
    """Where it is read from; the artifacts store where absent."""
    path: str | None = None
    """The folder that it is put into."""
    container: Templated[Container] | None = None
    """The container of this step: image, command, resources. Alone it is a step of its own."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [name for name in SOURCES if getattr(self, name) is not None]
        if len(given) > 1:
            raise broken_rule(
                f"an init step has one source, not {' and '.join(given)}", at=to_camel(given[1])
            )
        if isinstance(self.git, V1GitType) and self.git.url is None and self.connection is None:
            raise broken_rule("`git` needs a `url`, or the step a `connection`", at="git")
        return self


class PodFields(Model):
    """What all runtimes have whose containers run in pods."""

    environment: Templated[V1Environment] | None = None
    """Settings of the pods."""
    connections: Templated[list[str]] | None = None
    """Names of connections whose volumes, secrets, config maps and variables the main container gets."""
    volumes: Templated[list[Volume]] | None = None
    """Kubernetes volumes; the container mounts them itself."""
    init: Templated[list[V1Init]] | None = None
    """Steps that run one after another before the main container."""
    sidecars: Templated[list[NamedContainer]] | None = None
    """Containers beside the main one."""
    container: Templated[Container] | None = None
    """The main container: image, command, args, env, resources, volume mounts."""

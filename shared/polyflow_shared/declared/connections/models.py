"""What a catalogue of connections may say.  Secrets are named, never contained."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic.alias_generators import to_camel

from polyflow_shared.language.kubernetes.annotation import Kubernetes
from polyflow_shared.language.models.base import Integer, Model, Words, broken_rule
from polyflow_shared.language.models.pods import TextByName

Kind = Literal[
    "volume_claim", "host_path", "s3", "gcs", "wasb", "git", "registry", "ssh", "slack", "discord",
    "mattermost", "pagerduty", "webhook", "email", "custom",
]  # fmt: skip
_NAME: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,38}[a-z0-9])?")


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        hint = "lower-case letters, digits and dashes, at most 40"
        raise broken_rule(f"`{name}` cannot be the name of a connection", hint=hint)
    return name


def _absolute(path: str) -> str:
    if not path.startswith("/"):
        raise broken_rule(f"`{path}` is no absolute path", hint=f"write `/{path}`")
    return path


Name = Annotated[str, AfterValidator(_named)]
"""A text that volumes can be named after."""
FilePath = Annotated[str, AfterValidator(_absolute)]
"""An absolute path."""
Variable = Annotated[dict[str, Any], Kubernetes("V1EnvVar")]


class Schema(Model):
    """Where it is; which fields are needed depends on the kind."""

    bucket: str | None = None
    """`s3://NAME`, `gs://NAME` or `wasbs://CONTAINER@ACCOUNT…`."""
    volume_claim: str | None = None
    """The name of a persistent volume claim."""
    host_path: FilePath | None = None
    """A folder of the nodes."""
    mount_path: FilePath | None = None
    """Where a container finds the claim or the folder."""
    read_only: bool | None = None
    """Whether nothing may be written there."""
    url: str | None = None
    """The address of a repository, a registry, a host, a hook or a mail server."""
    revision: str | None = None
    """A repository's branch, tag or commit."""
    flags: list[str] | None = None
    """Further arguments of the clone."""


class Resource(Model):
    """A secret or a config map of the namespace that pods are in."""

    name: str
    """What it is called."""
    items: list[str] | None = None
    """Its entries that are used; all where absent."""
    mount_path: FilePath | None = None
    """Where its entries are mounted as files; where absent they are variables."""
    default_mode: Integer | None = Field(default=None, ge=0, le=0o777)
    """The mode of those files; 0644 where absent."""


class Connection(Model):
    """One connection."""

    name: Name
    """What operations use it by."""
    kind: Kind
    """What it leads to."""
    description: str | None = None
    """For people."""
    tags: Words | None = None
    """For people."""
    schema_: Schema = Field(default_factory=Schema, alias="schema")
    """Where it is."""
    secret: Resource | None = None
    """What gives access to it."""
    config_map: Resource | None = None
    """How it is to be used."""
    env: list[Variable] | None = None
    """Further variables."""
    annotations: TextByName | None = None
    """Annotations of the pods that use it."""
    projects: Words | None = None
    """The projects that may use it; all where absent."""
    owners: Words | None = None
    """The owners that may use it; all where absent."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [field for field in _NEEDED.get(self.kind, ()) if getattr(self.schema_, field) is None]
        if missing:
            names = " and ".join(f"`{to_camel(field)}`" for field in missing)
            raise broken_rule(f"a `{self.kind}` needs {names} in its `schema`", at="schema")
        return self


_NEEDED: Final[dict[str, Sequence[str]]] = {
    "volume_claim": ("volume_claim", "mount_path"),
    "host_path": ("host_path", "mount_path"),
    "s3": ("bucket",),
    "gcs": ("bucket",),
    "wasb": ("bucket",),
    "git": ("url",),
    "registry": ("url",),
}


class CatalogueFile(Model):
    """The file."""

    connections: list[Connection] = Field(default_factory=list)
    """In any order."""

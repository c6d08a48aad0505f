"""Lists of values that are collected from earlier runs, found with a query."""

from typing import Any

from polyflow_shared.language.models.base import Integer, Model, Templated


class V1JoinParam(Model):
    """What is read from each run that a join finds."""

    value: Any = None
    """`outputs.NAME`, `inputs.NAME`, `globals.NAME`, `artifacts`, or a map with `files` and `dirs`."""
    ref: str | None = None
    """Not used: what is read from are the runs that were found."""
    context_only: bool | None = None
    """Whether it is for templates only and no input of this name is meant."""
    connection: str | None = None
    """The connection that the values belong to."""
    to_init: bool | None = None
    """Whether it becomes a step that prepares the run."""
    to_env: str | None = None
    """The environment variable that carries it as well."""


class V1Join(Model):
    """A search over runs, and the lists that are made of what it finds."""

    query: str
    """In the query language: `status: succeeded, metrics.loss: < 0.1`."""
    ref: str | None = None
    """A note of what it is about; not used."""
    sort: str | None = None
    """What the runs are ordered by, such as `-metrics.loss`."""
    limit: Templated[Integer] | None = None
    """Runs at most, 5,000 where absent."""
    offset: Templated[Integer] | None = None
    """Runs that are left out first (>= 0)."""
    params: Templated[dict[str, V1JoinParam]] | None = None
    """The lists, by name."""

"""When everything that a DAG or a matrix runs is stopped before its end."""

from typing import Annotated, Literal

from pydantic import Discriminator

from polyflow_shared.language.models.base import Integer, Model, Number, Templated


class V1MedianStoppingPolicy(Model):
    """Stops a trial whose best value is worse than the median of the others so far."""

    kind: Literal["median"] = "median"
    """Says what this is."""
    evaluation_interval: Templated[Integer] | None = None
    """Values between two looks, 1 where absent."""
    min_interval: Templated[Integer] | None = None
    """Values before the first look."""
    min_samples: Templated[Integer] | None = None
    """Trials that there must be."""


class V1TruncationStoppingPolicy(Model):
    """Stops the worst trials, so many percent of them."""

    kind: Literal["truncation"] = "truncation"
    """Says what this is."""
    percent: Templated[Number]
    """Of the trials."""
    evaluation_interval: Templated[Integer]
    """Values between two looks."""
    min_interval: Templated[Integer] | None = None
    """Values before the first look."""
    min_samples: Templated[Integer] | None = None
    """Trials that there must be."""
    include_succeeded: Templated[bool] | None = None
    """Whether trials count that have succeeded already."""


class V1DiffStoppingPolicy(Model):
    """Stops a trial that is so many percent worse than the best one."""

    kind: Literal["diff"] = "diff"
    """Says what this is."""
    percent: Templated[Number]
    """Below the best value."""
    evaluation_interval: Templated[Integer]
    """Values between two looks."""
    min_interval: Templated[Integer] | None = None
    """Values before the first look."""
    min_samples: Templated[Integer] | None = None
    """Trials that there must be."""


V1StoppingPolicy = Annotated[
    V1MedianStoppingPolicy | V1TruncationStoppingPolicy | V1DiffStoppingPolicy, Discriminator("kind")
]
"""How a trial is compared with the others."""


class V1MetricEarlyStopping(Model):
    """Stops as soon as a metric reaches a value."""

    kind: Literal["metric_early_stopping"]
    """Says what this is."""
    metric: str
    """The metric's name."""
    value: Templated[Number]
    """In the metric's own unit; reaching it counts."""
    optimization: Templated[Literal["maximize", "minimize"]]
    """Whether the value is reached from below or from above."""
    policy: V1StoppingPolicy | None = None
    """Stops single trials instead, by comparing them."""


class V1FailureEarlyStopping(Model):
    """Stops as soon as a share of the operations has failed."""

    kind: Literal["failure_early_stopping"]
    """Says what this is."""
    percent: Templated[Number]
    """Of all operations of the DAG or trials of the matrix, from 1 to 100."""


V1EarlyStopping = Annotated[V1MetricEarlyStopping | V1FailureEarlyStopping, Discriminator("kind")]
"""When everything is stopped."""

"""Matrices: one operation, many trials."""

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, model_validator

from polyflow_shared.language.models.base import (
    Integer,
    Model,
    Number,
    PositiveInteger,
    Templated,
    broken_rule,
)
from polyflow_shared.language.models.distributions import V1HpDiscrete, V1HpParam, V1HpUniform
from polyflow_shared.language.models.early_stopping import V1EarlyStopping
from polyflow_shared.language.models.io import V1Param

V1HpGridParam = Annotated[V1HpDiscrete, Discriminator("kind")]
"""Kinds with a countable number of values."""

V1HpBayesParam = Annotated[V1HpDiscrete | V1HpUniform, Discriminator("kind")]
"""Kinds that a Gaussian process can be fitted to."""


class V1OptimizationMetric(Model):
    """What a search makes as large or as small as it can."""

    name: str
    """The name of the output or metric."""
    optimization: Literal["maximize", "minimize"] | None = None
    """`maximize`, where absent, or `minimize`."""


class V1OptimizationResource(Model):
    """The input that tells a trial how much it may use."""

    name: str
    """The name of the input."""
    type: Literal["int", "float"] | None = None
    """What the amount is given as: `int` or `float`."""


class V1GaussianProcessConfig(Model):
    """The model of what is known so far."""

    kernel: Literal["rbf", "matern"] | None = None
    """How alike two trials are, by their distance: `matern`, where absent, or `rbf`."""
    length_scale: Number | None = None
    """The distance over which trials are alike, 1.0 where absent."""
    nu: Number | None = None
    """How smooth the metric is, for `matern`; 1.5 where absent."""
    num_restarts_optimizer: Integer | None = None
    """Further starts when the kernel is fitted, 0 where absent."""


class V1UtilityFunctionConfig(Model):
    """How the next trial is chosen from what is known."""

    acquisition_function: Literal["ucb", "ei", "poi"] | None = None
    """What a next trial promises: an upper bound (`ucb`, where absent), the improvement to expect (`ei`), or
    its probability (`poi`).
    """
    gaussian_process: V1GaussianProcessConfig | None = None
    """The model of what is known so far."""
    kappa: Number | None = None
    """How much the unknown draws, for `ucb`."""
    eps: Number | None = None
    """The least improvement that counts, for `ei` and `poi`."""
    num_warmup: Integer | None = None
    """Random points among which the most promising is sought."""
    num_iterations: Integer | None = None
    """Starts of the search for the most promising point."""

    @model_validator(mode="after")
    def _has_its_parameter(self) -> Self:
        chosen = self.acquisition_function or "ucb"
        wanted = "kappa" if chosen == "ucb" else "eps"
        if getattr(self, wanted) is None:
            raise broken_rule(f"acquisition function `{chosen}` needs `{wanted}`")
        return self


class V1Tuner(Model):
    """A component that suggests trials."""

    hub_ref: str
    """The component, in the hub."""
    presets: Templated[list[str]] | None = None
    """Names of saved presets that are laid over it."""
    queue: str | None = None
    """The queue that it waits in."""
    namespace: str | None = None
    """The Kubernetes namespace that it runs in."""
    params: Templated[dict[str, V1Param]] | None = None
    """Values for its inputs, each `{value: ...}`."""


class V1Mapping(Model):
    """A trial for each row of a list."""

    kind: Literal["mapping"] = "mapping"
    """Says what this is."""
    values: Templated[list[dict[str, Any]]]
    """The rows: maps of values by the name of the input."""
    concurrency: Templated[PositiveInteger] | None = None
    """Trials at once; absent means no limit."""
    early_stopping: Templated[list[V1EarlyStopping]] | None = None
    """When the search is ended before all trials have run."""


class V1GridSearch(Model):
    """A trial for each combination of values."""

    kind: Literal["grid"] = "grid"
    """Says what this is."""
    params: Templated[dict[str, V1HpGridParam]]
    """What is varied, by the name of the input; distributions must be countable."""
    num_runs: Templated[PositiveInteger] | None = None
    """Trials at most, the first ones."""
    concurrency: Templated[PositiveInteger] | None = None
    """Trials at once; absent means no limit."""
    early_stopping: Templated[list[V1EarlyStopping]] | None = None
    """When the search is ended before all trials have run."""


class V1RandomSearch(Model):
    """Trials with values that are drawn at random."""

    kind: Literal["random"] = "random"
    """Says what this is."""
    params: Templated[dict[str, V1HpParam]]
    """What is varied: the kind of distribution by the name of the input."""
    num_runs: Templated[PositiveInteger]
    """Trials, no two of them equal."""
    seed: Templated[Integer] | None = None
    """The seed of the random numbers; 0 means none."""
    concurrency: Templated[PositiveInteger] | None = None
    """Trials at once; absent means no limit."""
    early_stopping: Templated[list[V1EarlyStopping]] | None = None
    """When the search is ended before all trials have run."""


class V1Hyperband(Model):
    """Many short trials, of which the better ones go on longer."""

    kind: Literal["hyperband"] = "hyperband"
    """Says what this is."""
    params: Templated[dict[str, V1HpParam]] | None = None
    """What is varied: the kind of distribution by the name of the input."""
    max_iterations: PositiveInteger | None = None
    """The most that one trial may use of the resource."""
    eta: Templated[Annotated[Number, Field(ge=0)]] | None = None
    """Of so many trials one goes on to the next round; above 1."""
    resource: V1OptimizationResource | None = None
    """The input that tells a trial how much it may use."""
    metric: V1OptimizationMetric | None = None
    """The metric that is made as large or as small as it can."""
    resume: Templated[bool] | None = None
    """Whether a trial that goes on continues its run; otherwise it starts anew."""
    seed: Templated[Integer] | None = None
    """The seed of the random numbers; 0 means none."""
    concurrency: Templated[PositiveInteger] | None = None
    """Trials at once; absent means no limit."""
    tuner: V1Tuner | None = None
    """A component of your own that suggests trials."""
    early_stopping: Templated[list[V1EarlyStopping]] | None = None
    """When the search is ended before all trials have run."""


class V1Bayes(Model):
    """Trials that are chosen with a model of those before."""

    kind: Literal["bayes"] = "bayes"
    """Says what this is."""
    utility_function: V1UtilityFunctionConfig | None = None
    """How the next trial is chosen."""
    num_initial_runs: Templated[PositiveInteger]
    """Random trials before the first that is chosen."""
    max_iterations: Templated[PositiveInteger]
    """Trials that are chosen, after the random ones."""
    metric: V1OptimizationMetric
    """The metric that is made as large or as small as it can."""
    params: Templated[dict[str, V1HpBayesParam]]
    """What is varied, by the name of the input: countable distributions, or `uniform`."""
    seed: Templated[Integer] | None = None
    """The seed of the random numbers; 0 means none."""
    concurrency: Templated[PositiveInteger] | None = None
    """Trials at once; absent means no limit."""
    tuner: Templated[V1Tuner] | None = None
    """A component of your own that suggests trials."""
    early_stopping: Templated[list[V1EarlyStopping]] | None = None
    """When the search is ended before all trials have run."""


class V1Tpe(Model):
    """Trials that are drawn from where the better ones were."""

    kind: Literal["tpe"] = "tpe"
    """Says what this is."""
    max_iterations: Templated[Integer] | None = None
    """Rounds of trials."""
    metric: V1OptimizationMetric
    """The metric that is made as large or as small as it can."""
    params: Templated[dict[str, V1HpParam]]
    """What is varied: the kind of distribution by the name of the input."""
    num_runs: Templated[PositiveInteger] | None = None
    """Random trials before the first that is chosen."""
    seed: Templated[Integer] | None = None
    """The seed of the random numbers; 0 means none."""
    concurrency: Templated[PositiveInteger] | None = None
    """Trials at once; absent means no limit."""
    tuner: V1Tuner | None = None
    """A component of your own that suggests trials."""
    early_stopping: Templated[list[V1EarlyStopping]] | None = None
    """When the search is ended before all trials have run."""


class V1Iterative(Model):
    """Trials that a component suggests, step by step."""

    kind: Literal["iterative"] = "iterative"
    """Says what this is."""
    params: Templated[dict[str, V1HpParam]] | None = None
    """What is varied: the kind of distribution by the name of the input."""
    max_iterations: Templated[PositiveInteger]
    """Rounds of trials."""
    seed: Templated[Integer] | None = None
    """The seed of the random numbers; 0 means none."""
    concurrency: Templated[PositiveInteger] | None = None
    """Trials at once; absent means no limit."""
    tuner: V1Tuner | None = None
    """The component that suggests trials; there is no other way to get them."""
    early_stopping: Templated[list[V1EarlyStopping]] | None = None
    """When the search is ended before all trials have run."""


V1Matrix = Annotated[
    V1Mapping | V1GridSearch | V1RandomSearch | V1Hyperband | V1Bayes | V1Tpe | V1Iterative,
    Discriminator("kind"),
]
"""Any matrix."""

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
    """Output/metric name."""
    optimization: Literal["maximize", "minimize"] | None = None
    """`maximize` (default when absent) or `minimize`."""


class V1OptimizationResource(Model):
    """The input that tells a trial how much it may use."""

    name: str
    """Input name."""
    type: Literal["int", "float"] | None = None
    """`int` (default behaviour float if absent) or `float`; the amount is cast."""


class V1GaussianProcessConfig(Model):
    """The model of what is known so far."""

    kernel: Literal["rbf", "matern"] | None = None
    """`matern` or `rbf`."""
    length_scale: Number | None = None
    """Kernel length scale."""
    nu: Number | None = None
    """Matern smoothness."""
    num_restarts_optimizer: Integer | None = None
    """Restarts when fitting the kernel."""


class V1UtilityFunctionConfig(Model):
    """How the next trial is chosen from what is known."""

    acquisition_function: Literal["ucb", "ei", "poi"] | None = None
    """`ucb`, `ei`, `poi`."""
    gaussian_process: V1GaussianProcessConfig | None = None
    """Kernel settings (below)."""
    kappa: Number | None = None
    """Required with ucb."""
    eps: Number | None = None
    """Required with ei/poi."""
    num_warmup: Integer | None = None
    """Random samples when maximising."""
    num_iterations: Integer | None = None
    """Optimiser restarts when maximising."""

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
    """Component implementing the tuner."""
    presets: Templated[list[str]] | None = None
    """Saved presets to apply."""
    queue: str | None = None
    """Queue for this run."""
    namespace: str | None = None
    """Namespace for this run."""
    params: Templated[dict[str, V1Param]] | None = None
    """Long form only."""


class V1Mapping(Model):
    """A trial for each row of a list."""

    kind: Literal["mapping"] = "mapping"
    """Says what this is."""
    values: Templated[list[dict[str, Any]]]
    """List of maps; one child per map, keys are input names. Empty list accepted. Values are not type-
    checked at parse time.
    """
    concurrency: Templated[PositiveInteger] | None = None
    """Max children at once; absent means no limit."""
    early_stopping: Templated[list[V1EarlyStopping]] | None = None
    """List of policies."""


class V1GridSearch(Model):
    """A trial for each combination of values."""

    kind: Literal["grid"] = "grid"
    """Says what this is."""
    params: Templated[dict[str, V1HpGridParam]]
    """Map nametodiscrete HpParam (choice, range, linspace, logspace, geomspace, daterange, datetimerange).
    pchoice and distributions rejected.
    """
    num_runs: Templated[PositiveInteger] | None = None
    """Cut the product to the first n."""
    concurrency: Templated[PositiveInteger] | None = None
    """Max children at once; absent means no limit."""
    early_stopping: Templated[list[V1EarlyStopping]] | None = None
    """List of policies."""


class V1RandomSearch(Model):
    """Trials with values that are drawn at random."""

    kind: Literal["random"] = "random"
    """Says what this is."""
    params: Templated[dict[str, V1HpParam]]
    """Map nametoany HpParam."""
    num_runs: Templated[PositiveInteger]
    """Unique samples; capped by the size of a fully discrete space."""
    seed: Templated[Integer] | None = None
    """0 is treated as no seed."""
    concurrency: Templated[PositiveInteger] | None = None
    """Max children at once; absent means no limit."""
    early_stopping: Templated[list[V1EarlyStopping]] | None = None
    """List of policies."""


class V1Hyperband(Model):
    """Many short trials, of which the better ones go on longer."""

    kind: Literal["hyperband"] = "hyperband"
    """Says what this is."""
    params: Templated[dict[str, V1HpParam]] | None = None
    """Any HpParam (optional in the schema, needed to run)."""
    max_iterations: PositiveInteger | None = None
    """R: max resource per configuration."""
    eta: Templated[Annotated[Number, Field(ge=0)]] | None = None
    """Downsampling rate η. 0/1 not rejected by the schema (crash later)."""
    resource: V1OptimizationResource | None = None
    r"""`{name, type int\|float}`: the input that receives the resource amount."""
    metric: V1OptimizationMetric | None = None
    """`{name, optimization}`."""
    resume: Templated[bool] | None = None
    """true: promoted configs resume their previous run instead of new ones."""
    seed: Templated[Integer] | None = None
    """Random seed; 0 = unseeded."""
    concurrency: Templated[PositiveInteger] | None = None
    """Max children at once; absent means no limit."""
    tuner: V1Tuner | None = None
    """Custom tuner component."""
    early_stopping: Templated[list[V1EarlyStopping]] | None = None
    """List of policies."""


class V1Bayes(Model):
    """Trials that are chosen with a model of those before."""

    kind: Literal["bayes"] = "bayes"
    """Says what this is."""
    utility_function: V1UtilityFunctionConfig | None = None
    """Acquisition settings (below)."""
    num_initial_runs: Templated[PositiveInteger]
    """Random runs before modelling."""
    max_iterations: Templated[PositiveInteger]
    """Optimisation steps after the initial runs."""
    metric: V1OptimizationMetric
    """`{name, optimization}` to optimise."""
    params: Templated[dict[str, V1HpBayesParam]]
    """Only discrete kinds or `uniform`."""
    seed: Templated[Integer] | None = None
    """Random seed; 0 = unseeded."""
    concurrency: Templated[PositiveInteger] | None = None
    """Max children at once; absent means no limit."""
    tuner: Templated[V1Tuner] | None = None
    """Custom tuner component."""
    early_stopping: Templated[list[V1EarlyStopping]] | None = None
    """List of policies."""


class V1Tpe(Model):
    """Trials that are drawn from where the better ones were."""

    kind: Literal["tpe"] = "tpe"
    """Says what this is."""
    max_iterations: Templated[Integer] | None = None
    """Number of iterations."""
    metric: V1OptimizationMetric
    """`{name, optimization}` to optimise."""
    params: Templated[dict[str, V1HpParam]]
    """Params by name."""
    num_runs: Templated[PositiveInteger] | None = None
    """Number of initial/random trials."""
    seed: Templated[Integer] | None = None
    """Random seed; 0 = unseeded."""
    concurrency: Templated[PositiveInteger] | None = None
    """Max children at once; absent means no limit."""
    tuner: V1Tuner | None = None
    """Custom tuner component."""
    early_stopping: Templated[list[V1EarlyStopping]] | None = None
    """List of policies."""


class V1Iterative(Model):
    """Trials that a component suggests, step by step."""

    kind: Literal["iterative"] = "iterative"
    """Says what this is."""
    params: Templated[dict[str, V1HpParam]] | None = None
    """Params by name."""
    max_iterations: Templated[PositiveInteger]
    """Required."""
    seed: Templated[Integer] | None = None
    """Random seed; 0 = unseeded."""
    concurrency: Templated[PositiveInteger] | None = None
    """Max children at once; absent means no limit."""
    tuner: V1Tuner | None = None
    """Custom tuner (needed: no built-in algorithm)."""
    early_stopping: Templated[list[V1EarlyStopping]] | None = None
    """List of policies."""


V1Matrix = Annotated[
    V1Mapping | V1GridSearch | V1RandomSearch | V1Hyperband | V1Bayes | V1Tpe | V1Iterative,
    Discriminator("kind"),
]
"""Any matrix."""

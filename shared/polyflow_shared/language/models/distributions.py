"""Values that a matrix tries for one param: lists, ranges and random distributions.

Source: the operation language of Polyaxon 2.18.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, model_validator

from polyflow_shared.language.models.base import Model, Number, PositiveInteger, Templated, broken_rule


def _parts(*names: str, colons: bool = True) -> BeforeValidator:
    """Read `[a, b]`, `{name: a, …}` and `"a:b"` as fields of these names, in this order."""

    def read(value: object) -> object:
        if isinstance(value, str) and colons:
            value = value.split(":")
        if not isinstance(value, list):
            return value
        if len(value) > len(names):
            raise broken_rule(f"this takes {', '.join(names)}, not {len(value)} values")
        return dict(zip(names, value, strict=False))

    return BeforeValidator(read, json_schema_input_type=list[Any] | str | dict[str, Any])


def _ascending(low: Any, high: Any, names: str) -> None:
    if isinstance(low, datetime) and (low.tzinfo is None) is not (high.tzinfo is None):
        raise broken_rule(f"{names}: both need a time zone, or neither")
    if low >= high:
        raise broken_rule(f"{names}: the first must be below the second")


class V1Range(Model):
    """From `start` up to and without `stop`."""

    start: Number
    """The first value."""
    stop: Number
    """No value reaches it."""
    step: Number
    """Between two values."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _ascending(self.start, self.stop, "start and stop")
        return self


class V1DateRange(Model):
    """Days from `start` up to and without `stop`."""

    start: date
    """The first day."""
    stop: date
    """No day reaches it."""
    step: int
    """Days between two values."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _ascending(self.start, self.stop, "start and stop")
        return self


class V1DateTimeRange(Model):
    """Moments from `start` up to and without `stop`."""

    start: datetime
    """The first moment."""
    stop: datetime
    """No moment reaches it."""
    step: int
    """Seconds between two values."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _ascending(self.start, self.stop, "start and stop")
        return self


class V1Space(Model):
    """So many values from `start` to `stop`, both included."""

    start: Number
    """The first value."""
    stop: Number
    """The last value."""
    num: PositiveInteger
    """Values in all."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _ascending(self.start, self.stop, "start and stop")
        return self


class V1LogSpace(V1Space):
    """So many powers of a base; `start` and `stop` are exponents."""

    base: Number | None = None
    """10 where absent."""


class V1Bounds(Model):
    """From `low` to `high`."""

    low: Number
    """The smallest value."""
    high: Number
    """The largest value."""


class V1QBounds(V1Bounds):
    """From `low` to `high`, in multiples of `q`."""

    q: Number
    """What each value is a multiple of."""


class V1Bell(Model):
    """Around `loc`."""

    loc: Number
    """The mean."""
    scale: Number
    """The standard deviation."""


class V1QBell(V1Bell):
    """Around `loc`, in multiples of `q`."""

    q: Number
    """What each value is a multiple of."""


def _weighted(pairs: Any) -> Any:
    for pair in pairs if isinstance(pairs, list) else ():
        if not (isinstance(pair, list) and len(pair) == 2 and _share(pair[1])):
            raise broken_rule("each item is `[value, probability]`, the latter from 0 to below 1")
    if isinstance(pairs, list) and sum(pair[1] for pair in pairs) > 1:
        raise broken_rule("the probabilities add up to more than 1")
    return pairs


def _share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1


V1RangeParts = Annotated[V1Range, _parts("start", "stop", "step")]
V1DateRangeParts = Annotated[V1DateRange, _parts("start", "stop", "step", colons=False)]
V1DateTimeRangeParts = Annotated[V1DateTimeRange, _parts("start", "stop", "step", colons=False)]
V1SpaceParts = Annotated[V1Space, _parts("start", "stop", "num")]
V1LogSpaceParts = Annotated[V1LogSpace, _parts("start", "stop", "num", "base")]
V1BoundsParts = Annotated[V1Bounds, _parts("low", "high")]
V1QBoundsParts = Annotated[V1QBounds, _parts("low", "high", "q")]
V1BellParts = Annotated[V1Bell, _parts("loc", "scale")]
V1QBellParts = Annotated[V1QBell, _parts("loc", "scale", "q")]


class V1HpChoice(Model):
    """Each value of a list."""

    kind: Literal["choice"] = "choice"
    """Says what this is."""
    value: Templated[list[Any]]
    """The values."""


class V1HpPChoice(Model):
    """Values of a list, each with its probability."""

    kind: Literal["pchoice"] = "pchoice"
    """Says what this is."""
    value: Templated[Annotated[list[Any], BeforeValidator(_weighted)]]
    """Pairs `[value, probability]`."""


class V1HpRange(Model):
    """Numbers in equal steps; `stop` is left out."""

    kind: Literal["range"] = "range"
    """Says what this is."""
    value: Templated[V1RangeParts]
    """`[start, stop, step]`."""


class V1HpDateRange(Model):
    """Days in equal steps; `stop` is left out."""

    kind: Literal["daterange"] = "daterange"
    """Says what this is."""
    value: Templated[V1DateRangeParts]
    """`[start, stop, days]`."""


class V1HpDateTimeRange(Model):
    """Moments in equal steps; `stop` is left out."""

    kind: Literal["datetimerange"] = "datetimerange"
    """Says what this is."""
    value: Templated[V1DateTimeRangeParts]
    """`[start, stop, seconds]`."""


class V1HpLinSpace(Model):
    """So many numbers at equal distances; `stop` is among them."""

    kind: Literal["linspace"] = "linspace"
    """Says what this is."""
    value: Templated[V1SpaceParts]
    """`[start, stop, num]`."""


class V1HpLogSpace(Model):
    """So many powers of a base; `start` and `stop` are exponents."""

    kind: Literal["logspace"] = "logspace"
    """Says what this is."""
    value: Templated[V1LogSpaceParts]
    """`[start, stop, num]`, and a base."""


class V1HpGeomSpace(Model):
    """So many numbers at equal ratios; `stop` is among them."""

    kind: Literal["geomspace"] = "geomspace"
    """Says what this is."""
    value: Templated[V1SpaceParts]
    """`[start, stop, num]`."""


class V1HpUniform(Model):
    """Any number between two bounds."""

    kind: Literal["uniform"] = "uniform"
    """Says what this is."""
    value: Templated[V1BoundsParts]
    """`[low, high]`."""


class V1HpQUniform(Model):
    """Multiples of `q` between two bounds."""

    kind: Literal["quniform"] = "quniform"
    """Says what this is."""
    value: Templated[V1QBoundsParts]
    """`[low, high, q]`."""


class V1HpLogUniform(Model):
    """exp of a number between two bounds: the bounds are logarithms."""

    kind: Literal["loguniform"] = "loguniform"
    """Says what this is."""
    value: Templated[V1BoundsParts]
    """`[low, high]`."""


class V1HpQLogUniform(Model):
    """Multiples of `q`, as `loguniform`."""

    kind: Literal["qloguniform"] = "qloguniform"
    """Says what this is."""
    value: Templated[V1QBoundsParts]
    """`[low, high, q]`."""


class V1HpNormal(Model):
    """Normally distributed numbers."""

    kind: Literal["normal"] = "normal"
    """Says what this is."""
    value: Templated[V1BellParts]
    """`[loc, scale]`."""


class V1HpQNormal(Model):
    """Multiples of `q`, as `normal`."""

    kind: Literal["qnormal"] = "qnormal"
    """Says what this is."""
    value: Templated[V1QBellParts]
    """`[loc, scale, q]`."""


class V1HpLogNormal(Model):
    """exp of normally distributed numbers."""

    kind: Literal["lognormal"] = "lognormal"
    """Says what this is."""
    value: Templated[V1BellParts]
    """`[loc, scale]`."""


class V1HpQLogNormal(Model):
    """Multiples of `q`, as `lognormal`."""

    kind: Literal["qlognormal"] = "qlognormal"
    """Says what this is."""
    value: Templated[V1QBellParts]
    """`[loc, scale, q]`."""


V1HpDiscrete = (
    V1HpChoice | V1HpRange | V1HpDateRange | V1HpDateTimeRange | V1HpLinSpace | V1HpLogSpace | V1HpGeomSpace
)  # fmt: skip
"""Kinds with a countable number of values."""

V1HpContinuous = (
    V1HpPChoice | V1HpUniform | V1HpQUniform | V1HpLogUniform | V1HpQLogUniform | V1HpNormal | V1HpQNormal
    | V1HpLogNormal | V1HpQLogNormal
)  # fmt: skip
"""Kinds that are sampled."""

V1HpParam = Annotated[V1HpDiscrete | V1HpContinuous, Discriminator("kind")]
"""Any kind."""

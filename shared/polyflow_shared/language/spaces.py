"""The trials of a matrix: which values each one has, in which order, and how many there are.

Source: the operation language of Polyaxon 2.18.  The last param of a grid changes
fastest; ranges leave out their end, spaces contain it; rounding is towards the lower multiple.
"""

import math
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice, product
from typing import Any, Final

from polyflow_shared.language.models import (
    Template,
    V1GridSearch,
    V1HpParam,
    V1Mapping,
    V1Matrix,
    V1RandomSearch,
    known,
)

MAX_VALUES: Final = 100_000
"""Values of one param that are counted out."""

Trial = Mapping[str, Any]
"""A value for each param of a matrix."""


def size(param: V1HpParam) -> int | None:
    """Return how many values a param has; None where they are drawn at random, or a template says."""
    value = known(param.value)
    if value is None:
        return None
    counted = _SIZES.get(param.kind)
    return counted(value) if counted else None


def values_of(param: V1HpParam) -> list[Any]:
    """Return the values of a param in their order, at most `MAX_VALUES`.

    Raises:
        ValueError: a template says what they are, they are drawn at random, or they are no numbers.
    """
    value = known(param.value)
    if value is None or param.kind not in _VALUES:
        raise ValueError(f"the values of a `{param.kind}` are not known")
    try:
        return [_real(one) for one in islice(_VALUES[param.kind](value), MAX_VALUES)]
    except ArithmeticError as error:
        raise ValueError(f"the values of this `{param.kind}` are no numbers") from error


Draw = Callable[[random.Random], Any]


def _drawing(param: V1HpParam) -> Draw:
    """Return what draws values of a param; a list of them is made once."""
    value = known(param.value)
    if value is None:
        raise ValueError(f"the values of a `{param.kind}` are not known")
    if param.kind not in _SAMPLES:
        values = values_of(param)  # some: else there are no trials to draw
        return lambda source: source.choice(values)

    def draw(source: random.Random) -> Any:
        try:
            return _real(_SAMPLES[param.kind](value, source))
        except ArithmeticError as error:
            raise ValueError(f"the values of this `{param.kind}` are no numbers") from error

    return draw


def _real(value: Any) -> Any:
    """Return a value; infinity and its like are none, and JSON cannot carry them."""
    if isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
        raise OverflowError
    return value


def count(matrix: V1Matrix) -> int | None:
    """Return how many trials a matrix has; None where that shows only as they run."""
    if isinstance(matrix, V1Mapping):
        rows = known(matrix.values)
        return None if rows is None else len(rows)
    if isinstance(matrix, V1GridSearch | V1RandomSearch):
        if isinstance(matrix.params, Template):
            return None
        sizes = [size(param) for param in matrix.params.values()]
        whole = None if None in sizes else math.prod(part for part in sizes if part is not None)
        limit = known(matrix.num_runs)
        return min((one for one in (whole, limit) if one is not None), default=None)
    return None


def trials(matrix: V1Mapping | V1GridSearch | V1RandomSearch, seed: int = 0) -> Iterator[Trial]:
    """Yield the trials of a matrix in their order.

    Args:
        matrix: all of whose values are known.
        seed: where chance begins for a random search that has no seed of its own.

    Raises:
        ValueError: a template says what values are, or they are no numbers.
    """
    if isinstance(matrix, V1Mapping):
        yield from known(matrix.values) or ()
    elif isinstance(matrix, V1GridSearch):
        yield from _grid(matrix)
    else:
        yield from _random(matrix, seed)


def _grid(matrix: V1GridSearch) -> Iterator[Trial]:
    params = known(matrix.params) or {}
    lists = [values_of(param) for param in params.values()]
    every = (dict(zip(params, values, strict=True)) for values in product(*lists))
    yield from islice(every if params else (), known(matrix.num_runs))


def _random(matrix: V1RandomSearch, seed: int) -> Iterator[Trial]:
    """Yield different samples; a space that is used up ends them."""
    wanted, seen = count(matrix) or 0, set[str]()
    if not wanted:
        return
    source = random.Random(known(matrix.seed) or seed)
    draws = {name: _drawing(param) for name, param in (known(matrix.params) or {}).items()}
    for _ in range(wanted * _TRIES):
        if len(seen) == wanted:
            return
        trial = {name: draw(source) for name, draw in draws.items()}
        key = repr(trial)
        if key not in seen:
            seen.add(key)
            yield trial


_TRIES: Final = 100
"""Draws for each trial before the rest of a space counts as used up."""


def _stepped(value: Any, step: Any) -> Iterator[Any]:
    for index in range(_steps(value.start, value.stop, step)):
        yield value.start + index * step


def _steps(start: Any, stop: Any, step: Any) -> int:
    """Return how many steps there are before `stop`."""
    steps = (stop - start) / step if step else 0.0
    return max(0, math.ceil(min(steps, float(sys.maxsize)) - 1e-9))


def _span(step: int, unit: timedelta) -> timedelta:
    """Return so many units; a step beyond all calendars is as long as can be."""
    try:
        return step * unit
    except OverflowError:
        return timedelta.max if step > 0 else timedelta.min


_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)


def _range(value: Any) -> Iterator[float]:
    return _stepped(value, value.step)


def _dates(value: Any) -> Iterator[date]:
    return _stepped(value, _span(value.step, _DAY))


def _moments(value: Any) -> Iterator[datetime]:
    return _stepped(value, _span(value.step, _SECOND))


def _linspace(value: Any) -> Iterator[float]:
    gaps = max(1, value.num - 1)
    gap = (value.stop - value.start) / gaps
    return (value.stop if index == gaps else value.start + index * gap for index in range(value.num))


def _logspace(value: Any) -> Iterator[float]:
    base = 10.0 if value.base is None else value.base
    return (base**exponent for exponent in _linspace(value))


def _geomspace(value: Any) -> Iterator[float]:
    gaps = max(1, value.num - 1)
    ratio = value.stop / value.start
    shares = (index / gaps for index in range(value.num))
    return (value.stop if share == 1 else value.start * ratio**share for share in shares)


_VALUES: Final[Mapping[str, Callable[[Any], Iterator[Any]]]] = {
    "choice": iter,
    "range": _range,
    "daterange": _dates,
    "datetimerange": _moments,
    "linspace": _linspace,
    "logspace": _logspace,
    "geomspace": _geomspace,
}


def _num(value: Any) -> int:
    return int(value.num)


_SIZES: Final[Mapping[str, Callable[[Any], int]]] = {
    "choice": len,
    "range": lambda value: _steps(value.start, value.stop, value.step),
    "daterange": lambda value: _steps(value.start, value.stop, _span(value.step, _DAY)),
    "datetimerange": lambda value: _steps(value.start, value.stop, _span(value.step, _SECOND)),
    "linspace": _num,
    "logspace": _num,
    "geomspace": _num,
}


def _weighted(pairs: Sequence[Any], source: random.Random) -> Any:
    if not any(pair[1] for pair in pairs):
        raise ValueError("no value has a probability above 0")
    return source.choices([pair[0] for pair in pairs], [pair[1] for pair in pairs])[0]


def _uniform(value: Any, source: random.Random) -> float:
    return source.uniform(value.low, value.high)


def _normal(value: Any, source: random.Random) -> float:
    return source.gauss(value.loc, value.scale)


def _floored(draw: Callable[[Any, random.Random], float]) -> Callable[[Any, random.Random], float]:
    """Return draws that are multiples of `q`."""
    return lambda value, source: math.floor(draw(value, source) / value.q) * value.q


def _exponential(draw: Callable[[Any, random.Random], float]) -> Callable[[Any, random.Random], float]:
    """Return draws that are powers of e."""
    return lambda value, source: math.exp(draw(value, source))


_SAMPLES: Final[Mapping[str, Callable[[Any, random.Random], Any]]] = {
    "pchoice": _weighted,
    "uniform": _uniform,
    "quniform": _floored(_uniform),
    "loguniform": _exponential(_uniform),
    "qloguniform": _floored(_exponential(_uniform)),
    "normal": _normal,
    "qnormal": _floored(_normal),
    "lognormal": _exponential(_normal),
    "qlognormal": _floored(_exponential(_normal)),
}

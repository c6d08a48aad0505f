"""What a matrix and its policies can have that is read and can never work; `operations` asks.

The language's reader accepts all of this; trials of it fail, are never made, or are made twice.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from polyflow_shared.language import spaces
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import (
    Template,
    V1Bayes,
    V1Bell,
    V1Bounds,
    V1DateRange,
    V1DateTimeRange,
    V1EarlyStopping,
    V1FailureEarlyStopping,
    V1GridSearch,
    V1HpChoice,
    V1HpGeomSpace,
    V1HpLogSpace,
    V1HpPChoice,
    V1Hyperband,
    V1Iterative,
    V1Mapping,
    V1Matrix,
    V1MetricEarlyStopping,
    V1RandomSearch,
    V1Range,
    V1StoppingPolicy,
    V1Tpe,
    known,
)

Searched = V1GridSearch | V1RandomSearch | V1Hyperband | V1Bayes | V1Tpe | V1Iterative
"""A matrix whose trials are made of params."""
_COMPARED: Final = 1000
"""Values of a choice that are compared with each other."""
_LARGEST: Final = 308
"""Powers of ten beyond which there is no floating-point number."""


def out_of_range(message: str, path: Path, hint: str = "") -> Finding:
    """Return a finding about a number that makes no sense where it stands."""
    return Finding(Code.RANGE, message, path, hint)


def matrix_doubts(matrix: V1Matrix, path: Path) -> Iterator[Finding]:
    """Yield what a matrix has that can never work.

    Args:
        matrix: any kind.
        path: where it stands.
    """
    yield from policy_doubts(known(matrix.early_stopping) or (), (*path, "earlyStopping"))
    if isinstance(matrix, V1Mapping):
        yield from _rows(matrix, (*path, "values"))
        return
    yield from _params(matrix, (*path, "params"))
    for kind, check in _OF_KIND.items():
        if isinstance(matrix, kind):
            yield from check(matrix, path)


def policy_doubts(policies: Iterable[V1EarlyStopping], path: Path) -> Iterator[Finding]:
    """Yield what policies of early stopping have that can never work.

    Args:
        policies: of a DAG or a matrix.
        path: where their list stands.
    """
    for index, policy in enumerate(policies):
        below = (*path, index)
        if isinstance(policy, V1FailureEarlyStopping):
            yield from _percent(policy.percent, (*below, "percent"))
        elif isinstance(policy, V1MetricEarlyStopping) and policy.policy is not None:
            yield from _comparison(policy.policy, (*below, "policy"))


def _comparison(policy: V1StoppingPolicy, path: Path) -> Iterator[Finding]:
    yield from _percent(getattr(policy, "percent", None), (*path, "percent"))
    least = (("evaluation_interval", "evaluationInterval", 1), ("min_interval", "minInterval", 0))
    for name, field, bound in (*least, ("min_samples", "minSamples", 0)):
        value = known(getattr(policy, name))
        if value is not None and value < bound:
            yield out_of_range(f"`{field}` is below {bound}", (*path, field))


def _percent(value: float | Template | None, path: Path) -> Iterator[Finding]:
    percent = known(value)
    if percent is not None and not 1 <= percent <= 100:
        yield out_of_range(f"`percent` is {percent:g}, and goes from 1 to 100", path)


def _rows(matrix: V1Mapping, path: Path) -> Iterator[Finding]:
    rows: Sequence[Any] | None = known(matrix.values)
    if rows == []:
        yield Finding(Code.NEVER, "a mapping without rows has no trials", path, warning=True)
    for index, row in enumerate(rows or ()):
        if rows and row.keys() != rows[0].keys():
            names = ", ".join(f"`{name}`" for name in sorted(row.keys() ^ rows[0].keys()))
            message = f"this row and the first one do not both have {names}"
            yield Finding(Code.INCOMPLETE, message, (*path, index), warning=True)


def _params(matrix: Searched, path: Path) -> Iterator[Finding]:
    params = matrix.params
    if isinstance(params, Template) or (params is None and isinstance(matrix, V1Iterative)):
        return  # a tuner may know by itself what to try
    if not params:
        yield Finding(Code.INCOMPLETE, "a matrix without `params` has nothing to try", path)
    for name, param in (params or {}).items():
        value = known(param.value)
        for kind, check in _OF_PARAM.items():
            if isinstance(param, kind) and value is not None:
                yield from check(value, (*path, name, "value"))
        for kind, check in _OF_VALUE.items():
            if isinstance(value, kind):
                yield from check(value, (*path, name, "value"))


def _choice(values: Sequence[Any], path: Path) -> Iterator[Finding]:
    if not values:
        yield Finding(Code.NEVER, "there is no value to try, so there are no trials", path, warning=True)
    seen = set[str]()
    for index, item in enumerate(values[:_COMPARED]):
        text = repr(item)
        if text in seen:
            yield Finding(Code.REPEATED, f"{text} is tried twice", (*path, index), warning=True)
        seen.add(text)


def _weighted(pairs: Sequence[Any], path: Path) -> Iterator[Finding]:
    if not any(pair[1] for pair in pairs):
        yield Finding(Code.NEVER, "no value has a probability above 0, so none is ever drawn", path)


def _geometric(value: Any, path: Path) -> Iterator[Finding]:
    if value.start <= 0 <= value.stop:  # start is below stop
        hint = "start from a small number above 0, such as `0.001`"
        yield out_of_range("a geometric space does not reach 0 or go beyond it", path, hint)


def _powers(value: Any, path: Path) -> Iterator[Finding]:
    base = 10.0 if value.base is None else value.base
    if base <= 0:
        yield out_of_range("`base` is not above 0", path)
        return
    farthest = max(value.start, value.stop) if base > 1 else min(value.start, value.stop)
    if math.log10(base) * farthest > _LARGEST:
        hint = "`start` and `stop` are exponents: `[-3, 0, 4]` goes from 0.001 to 1"
        yield out_of_range(f"there is no number as large as {base:g}**{farthest:g}", path, hint)


def _steps(value: Any, path: Path) -> Iterator[Finding]:
    if value.step <= 0:
        yield out_of_range("`step` is not above 0", path)


def _bounds(value: Any, path: Path) -> Iterator[Finding]:
    if value.low > value.high:
        yield out_of_range("the lower bound is above the upper one", path)
    yield from _quantum(value, path)


def _bell(value: Any, path: Path) -> Iterator[Finding]:
    if value.scale < 0:
        yield out_of_range("`scale`, the standard deviation, is below 0", path)
    yield from _quantum(value, path)


def _quantum(value: Any, path: Path) -> Iterator[Finding]:
    if getattr(value, "q", 1) <= 0:
        yield out_of_range("`q` is not above 0", path)


def _hyperband(matrix: V1Hyperband, path: Path) -> Iterator[Finding]:
    for name, field in (("max_iterations", "maxIterations"), ("resource", "resource"), ("metric", "metric")):
        if getattr(matrix, name) is None:
            yield Finding(Code.INCOMPLETE, f"hyperband needs `{field}`", path)
    eta = known(matrix.eta)
    if eta is not None and eta <= 1:
        yield out_of_range("`eta` is not above 1", (*path, "eta"), "3 is a good value")


def _too_many(matrix: V1RandomSearch, path: Path) -> Iterator[Finding]:
    wanted, there = known(matrix.num_runs), spaces.count(matrix)
    if wanted is not None and there is not None and 0 < there < wanted:
        message = f"there are only {there} different trials"
        yield Finding(Code.RANGE, message, (*path, "numRuns"), warning=True)


def _tpe(matrix: V1Tpe, path: Path) -> Iterator[Finding]:
    iterations = known(matrix.max_iterations)
    if iterations is not None and iterations < 1:
        yield out_of_range("`maxIterations` is below 1", (*path, "maxIterations"))


def _iterative(matrix: V1Iterative, path: Path) -> Iterator[Finding]:
    if matrix.tuner is None:
        message = "an iterative matrix needs a `tuner`: nothing else says what to try"
        yield Finding(Code.INCOMPLETE, message, path, "`tpe` and `bayes` bring their own")


Check = Callable[[Any, Path], Iterator[Finding]]
_OF_KIND: Final[Mapping[type, Check]] = {
    V1Hyperband: _hyperband,
    V1RandomSearch: _too_many,
    V1Tpe: _tpe,
    V1Iterative: _iterative,
}
_OF_PARAM: Final[Mapping[type, Check]] = {
    V1HpChoice: _choice,
    V1HpPChoice: _weighted,
    V1HpGeomSpace: _geometric,
    V1HpLogSpace: _powers,
}
_OF_VALUE: Final[Mapping[type, Check]] = {
    V1Range: _steps,
    V1DateRange: _steps,
    V1DateTimeRange: _steps,
    V1Bounds: _bounds,
    V1Bell: _bell,
}

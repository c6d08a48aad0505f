"""One layer over another, by the layer's patch strategy.

| strategy     | maps                  | lists                     | anything else     |
|--------------|-----------------------|---------------------------|-------------------|
| `post_merge` | recursive, layer wins | base, then new items      | layer             |
| `pre_merge`  | recursive, base wins  | layer, then the base's    | base where it is  |
| `replace`    | layer                 | layer                     | layer             |
| `isnull`     | base where it is      | base where it is          | base where it is  |

Objects of the language (an operation, a run, a container) are gone through field by field under every
strategy.  Null in a layer is a value.  Nothing is read again and nothing is changed in place: what two
operations share of a component stays shared.  Source of the rules: the language's reference, section 2.4.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from polyflow_shared.language.models import Model
from polyflow_shared.language.models.policies import PatchStrategy

M = TypeVar("M", bound=Model)

DEFAULT: Final[PatchStrategy] = "post_merge"
_BASE_WINS: Final = frozenset({"pre_merge", "isnull"})
_CONTAINER: Final = "container"
"""A map of Kubernetes that counts as an object."""


def merged(base: M, layer: M, strategy: PatchStrategy, *, skip: frozenset[str] = frozenset()) -> M:
    """Return an object with a layer of the same kind over it.

    Args:
        base: what is below.
        layer: what is above; fields that it does not set are left alone.
        strategy: the layer's.
        skip: fields of the layer that are left out.
    """
    changed = {
        name: merged_value(getattr(base, name), getattr(layer, name), strategy, name)
        if name in base.model_fields_set
        else getattr(layer, name)
        for name in layer.model_fields_set
        if name not in skip
    }
    return base.model_copy(update=changed) if changed else base


def merged_value(base: Any, layer: Any, strategy: PatchStrategy, name: str = "") -> Any:
    """Return what a field holds that both set."""
    if base is None:
        return layer
    if isinstance(base, Model) and isinstance(layer, Model):
        return merged(base, layer, strategy) if same_kind(base, layer) else other_kind(base, layer, strategy)
    if isinstance(base, dict) and isinstance(layer, dict):
        return _merged_maps(base, layer, strategy, is_object=name == _CONTAINER)
    if isinstance(base, list) and isinstance(layer, list):
        return _LISTS[strategy](base, layer)
    return other_kind(base, layer, strategy)


def same_kind(base: Model, layer: Model) -> bool:
    """Tell whether two objects can be merged field by field."""
    return type(base) is type(layer)


def other_kind(base: Any, layer: Any, strategy: PatchStrategy) -> Any:
    """Return which of two values that cannot be merged is kept; both are given."""
    return base if strategy in _BASE_WINS else layer


def _merged_maps(
    base: dict[str, Any], layer: dict[str, Any], strategy: PatchStrategy, *, is_object: bool
) -> dict[str, Any]:
    if not is_object and strategy in ("replace", "isnull"):
        return base if strategy == "isnull" else layer
    whole = dict(base)
    for name, value in layer.items():
        whole[name] = _merged_entry(base[name], value, strategy) if name in base else value
    return whole


def _merged_entry(base: Any, layer: Any, strategy: PatchStrategy) -> Any:
    """Return an entry that both maps have; a param is replaced as a whole."""
    if isinstance(base, Model) and isinstance(layer, Model):
        return other_kind(base, layer, strategy)
    return merged_value(base, layer, strategy)


def _appended(first: list[Any], then: list[Any]) -> list[Any]:
    return first + [item for item in then if item not in first]


_LISTS: Final[Mapping[str, Callable[[list[Any], list[Any]], list[Any]]]] = {
    "post_merge": _appended,
    "pre_merge": lambda base, layer: _appended(layer, base),
    "replace": lambda _, layer: layer,
    "isnull": lambda base, _: base,
}

"""One layer over another, by the layer's patch strategy.

| strategy     | maps                  | lists                     | anything else     |
|--------------|-----------------------|---------------------------|-------------------|
| `post_merge` | recursive, layer wins | base, then new items      | layer             |
| `pre_merge`  | recursive, base wins  | layer, then the base's    | base where it is  |
| `replace`    | layer                 | layer                     | layer             |
| `isnull`     | base where it is      | base where it is          | base where it is  |

Objects of the language (an operation, a run, a container, a role) are gone through field by field under
every strategy; a matrix or a schedule counts as a map, and so it stays whole under the last two.  An object
that is an entry of a map (a param) is replaced as a whole, unless it is a role.  Null in a layer is a value.
Nothing is read again and nothing is changed in place: what two operations share of a component stays shared.
Source: the operation language of Polyaxon 2.18.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

from polyflow_shared.language.models import Model
from polyflow_shared.language.models.pods import PodFields
from polyflow_shared.language.models.policies import PatchStrategy

M = TypeVar("M", bound=Model)
_Map = dict[str, Any]

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
DEFAULT: Final[PatchStrategy] = "post_merge"
BASE_WINS: Final = frozenset({"pre_merge", "isnull"})
"""Strategies under which a layer only fills in what is not there."""
_WHOLE: Final = frozenset({"replace", "isnull"})
"""Strategies under which one of two maps is kept as it is."""
_KINDS: Final = frozenset({"matrix", "schedule"})
"""Objects that count as maps."""
_OBJECTS: Final = frozenset({"container", "affinity", "security_context", "dns_config", "resources"})
"""Fields whose maps count as objects: they are Kubernetes' own."""


def merged(
    base: M,
    layer: M,
    strategy: PatchStrategy,
    *,
    skip: frozenset[str] = frozenset(),
    put: Mapping[str, Any] = _NOTHING,
) -> M:
    """Return an object with a layer of the same kind over it.

    Args:
        base: what is below.
        layer: what is above; fields that it does not set are left alone.
        strategy: the layer's.
        skip: fields of the layer that are left out.
        put: fields that are as they are here, whatever the two have.
    """
    changed: dict[str, Any] = {
        name: merged_value(getattr(base, name), getattr(layer, name), strategy, name)
        if name in base.model_fields_set
        else getattr(layer, name)
        for name in layer.model_fields_set
        if name not in skip
    }
    changed.update(put)
    return base.model_copy(update=changed) if changed else base


def merged_value(base: Any, layer: Any, strategy: PatchStrategy, name: str = "") -> Any:
    """Return what a field holds that both set."""
    if base is None:
        return layer
    if isinstance(base, Model) and isinstance(layer, Model):
        whole = not same_kind(base, layer) or (name in _KINDS and strategy in _WHOLE)
        return other_kind(base, layer, strategy) if whole else merged(base, layer, strategy)
    if isinstance(base, dict) and isinstance(layer, dict):
        return (_merged_object if name in _OBJECTS else _merged_maps)(base, layer, strategy)
    if isinstance(base, list) and isinstance(layer, list):
        return _LISTS[strategy](base, layer)
    return other_kind(base, layer, strategy)


def same_kind(base: Model, layer: Model) -> bool:
    """Tell whether two objects can be merged field by field."""
    return type(base) is type(layer)


def other_kind(base: Any, layer: Any, strategy: PatchStrategy) -> Any:
    """Return which of two values that cannot be merged is kept; both are given."""
    return base if strategy in BASE_WINS else layer


def _merged_object(base: _Map, layer: _Map, strategy: PatchStrategy) -> _Map:
    """Return an object of Kubernetes; what is below its fields are maps, and their lists anything else."""
    return base | {
        name: merged_value(base[name], value, strategy) if name in base else value
        for name, value in layer.items()
    }


def _merged_maps(base: _Map, layer: _Map, strategy: PatchStrategy) -> _Map:
    if strategy in _WHOLE and not _of_roles(base):
        return base if strategy == "isnull" else layer
    return base | {
        name: _merged_entry(base[name], value, strategy) if name in base else value
        for name, value in layer.items()
    }


def _merged_entry(base: Any, layer: Any, strategy: PatchStrategy) -> Any:
    """Return an entry that both maps have."""
    maps = isinstance(base, dict) and isinstance(layer, dict)
    if base is None or maps or isinstance(base, PodFields):
        return merged_value(base, layer, strategy)
    return other_kind(base, layer, strategy)


def _of_roles(values: Mapping[str, Any]) -> bool:
    return any(isinstance(value, PodFields) for value in values.values())


def _appended(first: list[Any], then: list[Any]) -> list[Any]:
    """Return two lists as one, without what of the second is in the first already."""
    known = {_key(item) for item in first}
    return first + [item for item in then if _key(item) not in known]


def _key(item: Any) -> object:
    """Return what is equal, and can be hashed, for items that are equal: lists may be long."""
    if isinstance(item, Model):
        return type(item), *map(_key, item.__dict__.values())
    if isinstance(item, dict):
        return frozenset((name, _key(value)) for name, value in item.items())
    return tuple(map(_key, item)) if isinstance(item, list) else item


_LISTS: Final[Mapping[str, Callable[[list[Any], list[Any]], list[Any]]]] = {
    "post_merge": _appended,
    "pre_merge": lambda base, layer: _appended(layer, base),
    "replace": lambda _, layer: layer,
    "isnull": lambda base, _: base,
}

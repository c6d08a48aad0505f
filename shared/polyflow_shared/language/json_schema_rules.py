"""Rules that the models check in code, as keywords of JSON Schema, by the names of definitions.

What compares two values (bounds, sums) is no part of a JSON Schema: `polyflow check` says it.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from pydantic.alias_generators import to_camel

from polyflow_shared.language.models.io import RESERVED
from polyflow_shared.language.models.operation import PARAM_KEYS, REFERENCES
from polyflow_shared.language.models.pods import SOURCES
from polyflow_shared.language.models.resources import GPU, NVIDIA_GPU

Keywords = dict[str, Any]

NULL: Final[Keywords] = {"type": "null"}
_NOT_TRUE: Final[Keywords] = {"enum": [False, None]}
_NOT_BLANK: Final[Keywords] = {"pattern": r"\S", "minItems": 1, "items": {"pattern": r"\S"}}
_NUMERIC: Final = r"\{\{|[0-9]|[iI]nf|[nN]a[nN]"
"""A text that may be read as a number, or be rendered to one."""
_COUNTS: Final = r"^\s*([0-9]+\s*(\.\.\s*[0-9]*)?|\.\.\s*[0-9]+)\s*$"
_OF_COMPILED: Final = (*REFERENCES, "params", "component", "run_patch", "patch_strategy", "presets")


def rules(name: str) -> Sequence[Keywords]:
    """Return what else holds for a definition.

    Args:
        name: the definition's, such as `V1Param`.
    """
    return _RULES.get(name, ())


def param_or_value(param: Keywords) -> Keywords:
    """Return what `params` take for each name: a map with a key of a param is one, all else is a value."""
    is_param = {"type": "object", "anyOf": [{"required": [key]} for key in sorted(PARAM_KEYS)]}
    return {"anyOf": [param, {}], "if": is_param, "then": param}


def _given(name: str) -> Keywords:
    return {"required": [name], "properties": {name: {"not": NULL}}}


def _is(name: str, value: object) -> Keywords:
    return {"required": [name], "properties": {name: {"const": value}}}


def _at_most_one(names: Sequence[str]) -> Iterator[Keywords]:
    """Yield a rule for each name but the last: those after it are not given when it is."""
    for index, name in enumerate(names[:-1]):
        yield {"if": _given(name), "then": {"properties": dict.fromkeys(names[index + 1 :], NULL)}}


def _camel(names: Sequence[str]) -> list[str]:
    return [to_camel(name) for name in names]


_COMPILED: Final[Sequence[Keywords]] = (
    {
        "if": _is("kind", "compiled_operation"),
        "then": {"properties": dict.fromkeys(_camel(_OF_COMPILED), False)},
    },
    {
        "if": {
            "required": ["kind", "run"],
            "properties": {
                "kind": {"const": "compiled_operation"},
                "run": {"properties": {"kind": {"not": {"const": "service"}}}, "required": ["kind"]},
            },
        },
        "then": {"properties": {"plugins": {"properties": dict.fromkeys(("sandbox", "ssh"), _NOT_TRUE)}}},
    },
)
_FIELDS_OF_OPERATION: Final[Keywords] = {
    "properties": {
        "cmd": _NOT_BLANK,
        "resources": {
            "propertyNames": {
                "anyOf": [{"enum": ["cpu", "memory", GPU]}, {"pattern": "/"}],
                "not": {"const": NVIDIA_GPU},
            },
            "patternProperties": {f"^{GPU}$|/": {"type": ["integer", "string"], "pattern": _COUNTS}},
        },
    }
}
_GIT_FROM_SOMEWHERE: Final[Keywords] = {
    "if": {"required": ["git"], "properties": {"git": {"type": "object", "properties": {"url": NULL}}}},
    "then": _given("connection"),
}
_ONE_SERVICE_ACCOUNT: Final[Keywords] = {
    "if": {"required": ["serviceAccountName"]},
    "then": {"properties": {"serviceAccount": False}},
}
_VALUES: Final[Sequence[Keywords]] = (
    {"properties": {"name": {"not": {"enum": sorted(RESERVED)}}}},
    {"if": _is("isFlag", True), "then": _is("type", "bool")},
    {"if": _is("isOptional", False), "then": {"properties": {"value": False}}},
    {
        "if": {
            "required": ["type"],
            "properties": {"type": {"enum": ["int", "float"]}, "isList": {"not": {"const": True}}},
        },
        "then": {"properties": {"value": {"type": ["number", "string", "null"], "pattern": _NUMERIC}}},
    },
)
_RULES: Final[Mapping[str, Sequence[Keywords]]] = MappingProxyType(
    {
        "V1Operation": (*_at_most_one(_camel(REFERENCES)), *_COMPILED, _FIELDS_OF_OPERATION),
        "V1IO": _VALUES,
        "V1Param": (
            {
                "if": _given("ref"),
                "then": {"required": ["value"], "properties": {"value": {"type": ["string", "object"]}}},
            },
        ),
        "V1Init": (*_at_most_one(_camel(SOURCES)), _GIT_FROM_SOMEWHERE),
        "V1Environment": (_ONE_SERVICE_ACCOUNT,),
        "V1UtilityFunctionConfig": (
            {
                "if": {"anyOf": [_is("acquisitionFunction", name) for name in ("ei", "poi")]},
                "then": _given("eps"),
                "else": _given("kappa"),
            },
        ),
        "V1HpPChoice": (
            {
                "properties": {
                    "value": {
                        "items": {
                            "type": "array",
                            "prefixItems": [{}, {"type": "number", "minimum": 0, "exclusiveMaximum": 1}],
                            "minItems": 2,
                            "maxItems": 2,
                        }
                    }
                }
            },
        ),
        "V1IntervalSchedule": (
            {"properties": {"frequency": {"not": {"type": "string", "pattern": r"^\s*[0-9.]+\s*$"}}}},
        ),
    }
)

"""Rules that the models check in code, as keywords of JSON Schema, by the names of definitions.

What compares two values (bounds, sums) is no part of a JSON Schema: `polyflow check` says it.  The keywords
`errorMessage`, `doNotSuggest`, `enumDescriptions` and `deprecationMessage` are those of YAML language
servers; to others they mean nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
_NUMERIC: Final = r"\{\{|[0-9]|[iI]nf|[nN]a[nN]"
"""A text that may be read as a number, or be rendered to one."""
_COUNTS: Final = r"^\s*([0-9]+\s*(\.\.\s*[0-9]*)?|\.\.\s*[0-9]+)\s*$"
_OF_COMPILED: Final = (*REFERENCES, "params", "component", "run_patch", "patch_strategy", "presets")


def rules(name: str) -> Sequence[Keywords]:
    """Return what else holds for a definition as a whole.

    Args:
        name: the definition's, such as `V1Param`.
    """
    return _RULES.get(name, ())


def rules_of_fields(name: str) -> Mapping[str, Keywords]:
    """Return what else holds for single fields of a definition.

    Args:
        name: the definition's, such as `V1Param`.
    """
    return _FIELDS.get(name, {})


def param_or_value(param: Keywords) -> Keywords:
    """Return what `params` take for each name: a map with a key of a param is one, all else is a value."""
    is_param = {"type": "object", "anyOf": [{"required": [key]} for key in sorted(PARAM_KEYS)]}
    return {"anyOf": [param, {}], "if": is_param, "then": param}


def _given(name: str) -> Keywords:
    return {"required": [name], "properties": {name: {"not": NULL}}}


def _is(name: str, value: object) -> Keywords:
    return {"required": [name], "properties": {name: {"const": value}}}


def _absent(names: Iterable[str], why: str) -> Keywords:
    """Return that fields are not given, nor null; an editor says why, and does not offer them."""
    never = {"not": {}, "errorMessage": why, "doNotSuggest": True}
    return {"properties": dict.fromkeys(names, never)}


def _at_most_one(names: Sequence[str], why: str) -> Iterator[Keywords]:
    """Yield a rule for each name but the last: those after it are null at most when it is given."""
    null = {**NULL, "errorMessage": why, "doNotSuggest": True}
    for index, name in enumerate(names[:-1]):
        yield {"if": _given(name), "then": {"properties": dict.fromkeys(names[index + 1 :], null)}}


def _camel(names: Sequence[str]) -> list[str]:
    return [to_camel(name) for name in names]


_NOT_BLANK: Final[Keywords] = {
    "pattern": r"\S",
    "minItems": 1,
    "items": {"pattern": r"\S"},
    "errorMessage": "`cmd` must not be empty, and no line of it blank",
}
_RESOURCES: Final[Keywords] = {
    "properties": {
        "cpu": {"description": "CPUs, such as `1`, `500m`, or `500m..2`."},
        "memory": {"description": "Bytes, such as `512Mi`, or `1Gi..2Gi`."},
        GPU: {"description": "How many GPUs."},
    },
    "patternProperties": {f"^{GPU}$|/": {"type": ["integer", "string"], "pattern": _COUNTS}},
    "propertyNames": {
        "anyOf": [{"enum": ["cpu", "memory", GPU]}, {"pattern": "/"}],
        "not": {"const": NVIDIA_GPU},
    },
}
_WEIGHTED: Final[Keywords] = {
    "type": "array",
    "prefixItems": [{}, {"type": "number", "minimum": 0, "exclusiveMaximum": 1}],
    "minItems": 2,
    "maxItems": 2,
}
_IN_QUOTES: Final[Keywords] = {"type": "string", "pattern": r"^\s*[0-9.]+\s*$"}
_FIELDS: Final[Mapping[str, Mapping[str, Keywords]]] = MappingProxyType(
    {
        "V1Operation": {"cmd": _NOT_BLANK, "resources": _RESOURCES},
        "V1IO": {"name": {"not": {"enum": sorted(RESERVED)}, "errorMessage": "this name is reserved"}},
        "V1HpPChoice": {"value": {"items": _WEIGHTED}},
        "V1IntervalSchedule": {
            "frequency": {"not": _IN_QUOTES, "errorMessage": "seconds are written without quotes"}
        },
    }
)

_COMPILED: Final[Sequence[Keywords]] = (
    {
        "if": _is("kind", "compiled_operation"),
        "then": _absent(_camel(_OF_COMPILED), "a compiled operation has nothing to compose"),
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
_VALUES: Final[Sequence[Keywords]] = (
    {"if": _is("isFlag", True), "then": _is("type", "bool")},
    {"if": _is("isOptional", False), "then": _absent(["value"], "what has a default is optional")},
    {
        "if": {
            "required": ["type"],
            "properties": {"type": {"enum": ["int", "float"]}, "isList": {"not": {"const": True}}},
        },
        "then": {"properties": {"value": {"type": ["number", "string", "null"], "pattern": _NUMERIC}}},
    },
)
_REF_HAS_TEXT: Final[Keywords] = {
    "if": _given("ref"),
    "then": {"required": ["value"], "properties": {"value": {"type": ["string", "object"]}}},
}
_GIT_FROM_SOMEWHERE: Final[Keywords] = {
    "if": {"required": ["git"], "properties": {"git": {"type": "object", "properties": {"url": NULL}}}},
    "then": _given("connection"),
}
_ONE_SERVICE_ACCOUNT: Final[Keywords] = {
    "if": {"required": ["serviceAccountName"]},
    "then": _absent(["serviceAccount"], "this is `serviceAccountName`, which is given already"),
}
_HAS_ITS_PARAMETER: Final[Keywords] = {
    "if": {"anyOf": [_is("acquisitionFunction", name) for name in ("ei", "poi")]},
    "then": _given("eps"),
    "else": _given("kappa"),
}
_RULES: Final[Mapping[str, Sequence[Keywords]]] = MappingProxyType(
    {
        "V1Operation": (
            *_at_most_one(_camel(REFERENCES), "at most one reference may be given"),
            *_COMPILED,
        ),
        "V1IO": _VALUES,
        "V1Param": (_REF_HAS_TEXT,),
        "V1Init": (*_at_most_one(_camel(SOURCES), "an init step has one source"), _GIT_FROM_SOMEWHERE),
        "V1Environment": (_ONE_SERVICE_ACCOUNT,),
        "V1UtilityFunctionConfig": (_HAS_ITS_PARAMETER,),
    }
)

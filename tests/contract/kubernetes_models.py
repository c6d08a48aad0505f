"""The table of Kubernetes' objects, made from the models of the official client, as it is checked in.

`python -m tests.contract.kubernetes_models` says what differs; with `--write` it writes.  The client is a tool
of development only: importing it takes 0.4 s, so what runs reads the table.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from inspect import getdoc
from pathlib import Path
from typing import Any

from kubernetes.client import models

from polyflow_shared.language.kubernetes.objects import optional_of
from polyflow_shared.language.kubernetes.table import FieldOf, inner, table_of

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "shared/polyflow_shared/language/kubernetes"
ROOTS = (
    "V1Affinity", "V1Container", "V1EnvFromSource", "V1EnvVar", "V1HostAlias", "V1LabelSelector", "V1ObjectMeta",
    "V1PodDNSConfig", "V1PodFailurePolicy", "V1PodSecurityContext", "V1PodSpec", "V1PodTemplateSpec", "V1Probe",
    "V1ResourceRequirements", "V1SecurityContext", "V1Toleration", "V1Volume", "V1VolumeMount",
)  # fmt: skip
"""Everything that they are made of is in the table as well."""

QUANTITIES = {
    "V1EmptyDirVolumeSource": {"size_limit"},
    "V1PodSpec": {"overhead"},
    "V1ResourceFieldSelector": {"divisor"},
    "V1ResourceRequirements": {"limits", "requests"},
    "V1VolumeResourceRequirements": {"limits", "requests"},
}
"""Amounts, which the client's types do not tell from texts."""
INT_OR_TEXT = {"V1HTTPGetAction": {"port"}, "V1TCPSocketAction": {"port"}}
"""Ports by number or name, which are any object for the client."""
LENIENT = {"V1Container": {"command", "args"}}
"""Lists of arguments; one may stand alone, and numbers are read as text."""
SCALARS = {"V1EnvVar": {"value"}}
"""Text as which numbers and booleans are read."""


def kinds() -> dict[str, type]:
    """Return the client's models that can be reached from the roots, by name, in order."""
    found: dict[str, type] = {}
    waiting = list(ROOTS)
    while waiting:
        kind = waiting.pop()
        if kind not in found:
            found[kind] = getattr(models, kind)
            waiting += [part for type_ in found[kind].openapi_types.values() for part in _models_in(type_)]
    return dict(sorted(found.items()))


def _models_in(type_: str) -> Iterator[str]:
    return (
        word for word in re.findall(r"\w+", type_) if hasattr(getattr(models, word, None), "openapi_types")
    )


@cache
def table() -> dict[str, Any]:
    """Return each kind's fields by their names in YAML, with type, name in Python, and whether required."""
    return {kind: dict(_fields(kind, model)) for kind, model in kinds().items()}


def _fields(kind: str, model: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, key in model.attribute_map.items():
        field: dict[str, Any] = {"type": _type(kind, name, model.openapi_types[name])}
        if name != key:
            field["name"] = name
        if _required(model, name):
            field["required"] = True
        yield key, field


def _type(kind: str, name: str, type_: str) -> str:
    for special, word in ((INT_OR_TEXT, "port"), (LENIENT, "arguments"), (SCALARS, "scalar")):
        if name in special.get(kind, ()):
            return word
    if name in QUANTITIES.get(kind, ()):
        return type_.replace("str", "quantity") if type_ == "str" else "dict[quantity]"
    return type_.replace("dict[str, ", "dict[")


def _required(model: Any, name: str) -> bool:
    """Tell whether the client refuses None: it says so where the field is set."""
    try:
        getattr(model, name).fset(_Empty(), None)
    except ValueError:
        return True
    return False


class _Empty:
    """Stands for an instance whose fields are set."""

    class local_vars_configuration:  # noqa: N801 - the client's name
        client_side_validation = True


def descriptions() -> dict[str, dict[str, str]]:
    """Return what Kubernetes says of each field."""
    found = {kind: dict(_texts(model)) for kind, model in kinds().items()}
    return {kind: texts for kind, texts in found.items() if texts}


def _texts(model: Any) -> Iterator[tuple[str, str]]:
    for name, key in model.attribute_map.items():
        text = (getdoc(getattr(model, name)) or "").replace("# noqa: E501", "")
        about = " ".join(text.partition("\n")[2].partition(":return:")[0].split())
        if about:
            yield key, about


_STUB = '''"""What editors and type checkers know of `polyflow.k8s`; made by `make kubernetes-objects`."""

# Its words are those of Kubernetes' client, and nobody edits it.
# ruff: noqa
# fmt: off

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from polyflow_shared.language.kubernetes.objects import KubernetesObject

'''
_ANNOTATIONS = {
    "int": "int | str",
    "bool": "bool | str",
    "datetime": "datetime | str",
    "object": "Any",
    "quantity": "str | float",
    "port": "int | str",
    "scalar": "str | float",
    "arguments": "Sequence[str | float | None] | str",
}
"""A text in place of another type is a template."""


def stub() -> str:
    """Return the text of `k8s.pyi`."""
    known = table_of(table())
    return _STUB + "\n".join(_class(kind, list(fields.values())) for kind, fields in known.items())


def _class(kind: str, fields: list[FieldOf]) -> str:
    """Return a class with an attribute and a keyword argument for each field, what is required first."""
    optional = optional_of(kind)
    needed = {field.name: field.required and field.key not in optional for field in fields}
    types = {
        field.name: _annotation(field.type) + ("" if needed[field.name] else " | None") for field in fields
    }
    order = sorted(needed, key=lambda name: not needed[name])
    arguments = [f"        {name}: {types[name]}{'' if needed[name] else ' = None'},\n" for name in order]
    attributes = [f"    {name}: {types[name]}\n" for name in needed]
    if not fields:
        return f"class {kind}(KubernetesObject): ...\n"
    init = f"    def __init__(\n        self,\n        *,\n{''.join(arguments)}    ) -> None: ...\n"
    return f"class {kind}(KubernetesObject):\n{''.join(attributes)}{init}"


def _annotation(type_: str) -> str:
    outer, item = inner(type_)
    if outer:
        each = _annotation(item)
        return f"Sequence[{each}]" if outer == "list" else f"Mapping[str, {each}]"
    return f"{type_} | Mapping[str, Any]" if type_ in table() else _ANNOTATIONS.get(type_, type_)


def files() -> Mapping[Path, str]:
    """Return the text of every file that is made from the client's models."""
    return {
        FOLDER / "table.json": _lines(table()),
        FOLDER / "descriptions.json": _lines(descriptions()),
        ROOT / "polyflow/k8s.pyi": stub(),
    }


def _lines(value: Mapping[str, Mapping[str, Any]]) -> str:
    """Return JSON with a line for each field, so that changes can be read."""
    parts = []
    for kind, fields in value.items():
        inner = ",\n".join(f"    {json.dumps(key)}: {json.dumps(fields[key])}" for key in fields)
        parts.append(f"  {json.dumps(kind)}: {{\n{inner}\n  }}" if inner else f"  {json.dumps(kind)}: {{}}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main(arguments: list[str]) -> int:
    """Compare or write all files; return 0 if nothing is left to do."""
    stale = {path: text for path, text in files().items() if not path.exists() or path.read_text() != text}
    for path, text in stale.items():
        if "--write" in arguments:
            path.write_text(text)
        sys.stdout.write(f"{path.name}: {'written' if '--write' in arguments else 'differs'}\n")
    return 0 if "--write" in arguments or not stale else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Kubernetes' objects as classes for Python, made from the table when they are first asked for."""

from collections.abc import Iterable, Mapping
from functools import cache
from inspect import Parameter, Signature
from typing import Any, ClassVar

from polyflow_shared.language.findings import Finding, did_you_mean, path_text
from polyflow_shared.language.kubernetes.check import check
from polyflow_shared.language.kubernetes.table import FieldOf, descriptions, table


class KubernetesObject:
    """The base of all of Kubernetes' objects.

    Fields are keyword arguments and attributes, in snake_case.  Values are checked when an object is made;
    what is changed later is checked where it is used.
    """

    KIND: ClassVar[str] = ""
    """Which object, such as `V1Volume`."""

    def __init__(self, **fields: Any) -> None:
        for name, value in fields.items():
            setattr(self, name, value)
        found = check(self.KIND, self.to_dict(), optional=optional_of(self.KIND)).findings
        if found:
            raise ValueError("; ".join(_told(self.KIND, finding) for finding in found))

    def __setattr__(self, name: str, value: object) -> None:
        field = _fields(self.KIND).get(name)
        if field is None:
            raise TypeError(f"{self.KIND} has no field `{name}`{_near(name, _fields(self.KIND))}")
        super().__setattr__(field.name, value)

    def __getattr__(self, name: str) -> Any:
        """Return None for a field that is not given."""
        if name.startswith("__") or name not in _fields(self.KIND):
            raise AttributeError(f"{self.KIND} has no field `{name}`{_near(name, _fields(self.KIND))}")
        return self.__dict__.get(_fields(self.KIND)[name].name)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that are given, with camelCase keys, as they are written in YAML."""
        given = self.__dict__
        return {
            field.key: _plain(given[field.name])
            for field in table()[self.KIND].values()
            if given.get(field.name) is not None
        }

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items() if value is not None)
        return f"{self.KIND}({given})"


def optional_of(kind: str) -> frozenset[str]:
    """Return the keys of required fields that are known only where an object is used: a container's name."""
    return frozenset({"name"}) if kind == "V1Container" else frozenset()


@cache
def class_of(kind: str) -> type[KubernetesObject]:
    """Return the class of a kind.

    Raises:
        AttributeError: there is no such kind; the message says which is near.
    """
    if kind not in table():
        raise AttributeError(f"Kubernetes has no object `{kind}`{_near(kind, table())}")
    made = type(
        kind, (KubernetesObject,), {"KIND": kind, "__module__": "polyflow.k8s", "__doc__": _doc(kind)}
    )
    given = (Parameter(name, Parameter.KEYWORD_ONLY, default=None) for name in names(kind))
    made.__signature__ = Signature(list(given))  # type: ignore[attr-defined]
    return made


def names(kind: str) -> Iterable[str]:
    """Return the names of a kind's fields in Python."""
    return [field.name for field in table()[kind].values()]


@cache
def _fields(kind: str) -> Mapping[str, FieldOf]:
    """Return a kind's fields by their names in Python and in YAML."""
    fields = table()[kind]
    return dict(fields) | {field.name: field for field in fields.values()}


def _plain(value: object) -> object:
    if isinstance(value, KubernetesObject):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _doc(kind: str) -> str:
    texts = descriptions().get(kind, {})
    fields = table()[kind].values()
    lines = [f"    {field.name}: {texts.get(field.key, field.type)}" for field in fields]
    return "\n".join([f"Kubernetes' {kind}.", "", "Attributes:", *lines])


def _told(kind: str, finding: Finding) -> str:
    hint = f"; {finding.hint}" if str(finding.hint) else ""
    return f"{kind}.{path_text(finding.path)}: {finding.message}{hint}"


def _near(word: str, known: Iterable[str]) -> str:
    hint = did_you_mean(word, known)
    return f"; {hint}" if hint else ""

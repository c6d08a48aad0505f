"""Secrets and config maps of this machine: files of `NAME=VALUE` lines in polyflow's home folder.

`secrets/NAME.env` is a secret, `config-maps/NAME.env` a config map.  They are read when an operation starts
and are never part of a message.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from polyflow_shared.cluster.local.endings import Ending
from polyflow_shared.cluster.port import Pod
from polyflow_topics.plan import EnvSource
from polyflow_topics.status import PodStatus

_FOLDERS: Final = {"secret": "secrets", "config_map": "config-maps"}
_WORDS: Final = {"secret": "secret", "config_map": "config map"}
_KEYS: Final[Mapping[str, Literal["secret", "config_map"]]] = {
    "secretKeyRef": "secret",
    "configMapKeyRef": "config_map",
}
_METADATA: Final = re.compile(r"metadata\.(labels|annotations)\['([^']*)'\]")
_REASONS: Final = {"secret": "SecretNotFound", "config_map": "ConfigMapNotFound"}
_INVALID: Final = {"secret": "SecretInvalid", "config_map": "ConfigMapInvalid"}


def variables(home: Path, sources: Sequence[EnvSource]) -> Mapping[str, str] | Ending:
    """Return the variables that a container gets from its sources, or why it cannot start.

    Args:
        home: the folder of everything that polyflow keeps on this machine.
        sources: in their order; a later one has the last word.
    """
    found: dict[str, str] = {}
    for source in sources:
        path = home / _FOLDERS[source.kind] / f"{source.name}.env"
        try:
            text = path.read_text() if is_name(source.name) else ""
        except (OSError, UnicodeDecodeError) as error:
            if source.optional and isinstance(error, FileNotFoundError):
                continue
            return _missing(source, path, error)
        entries = _entries(text)
        if isinstance(entries, int):
            return _invalid(source, path, entries)
        found |= {f"{source.prefix}{name}": value for name, value in entries.items()}
    return found


def kept_elsewhere(home: Path, sources: Mapping[str, Any], pod: Pod) -> Mapping[str, str] | Ending:
    """Return the variables whose values are kept elsewhere, or why the container cannot start.

    Args:
        home: the folder of everything that polyflow keeps on this machine.
        sources: Kubernetes' EnvVarSource by the variable's name.
        pod: what fields are read from.
    """
    found: dict[str, str] = {}
    for name, source in sources.items():
        value = _value(home, name, source, pod)
        if isinstance(value, Ending):
            return value
        if value is not None:
            found[name] = value
    return found


def _value(home: Path, name: str, source: Mapping[str, Any], pod: Pod) -> str | Ending | None:
    """Return a variable's value; None where it is optional and missing."""
    for field, kind in _KEYS.items():
        if wanted := source.get(field):
            one = EnvSource(kind=kind, name=wanted["name"], optional=bool(wanted.get("optional")))
            return _entry(home, one, wanted["key"])
    path = (source.get("fieldRef") or {}).get("fieldPath", "")
    if path == "metadata.name":
        return pod.name
    if match := _METADATA.fullmatch(path):
        metadata = pod.parts.labels if match[1] == "labels" else pod.parts.annotations
        return metadata.get(match[2], "")
    message = f"variable {name!r} is from {path or ', '.join(source)}, which processes do not have"
    return Ending(PodStatus.FAILED, "VariableNotSupported", message)


def _entry(home: Path, source: EnvSource, key: str) -> str | Ending | None:
    entries = variables(home, [source])
    if isinstance(entries, Ending) or key in entries:
        return entries if isinstance(entries, Ending) else entries[key]
    if source.optional:
        return None
    message = f"{_WORDS[source.kind]} {source.name!r} has no entry {key!r} on this machine"
    return Ending(PodStatus.FAILED, _REASONS[source.kind], message)


def is_name(name: str) -> bool:
    """Tell whether a name is that of one file or folder and leads nowhere else."""
    return name not in {"", ".", ".."} and "/" not in name and "\0" not in name


def _missing(source: EnvSource, path: Path, error: OSError | UnicodeDecodeError) -> Ending:
    word = _WORDS[source.kind]
    if isinstance(error, FileNotFoundError):
        message = f"there is no {word} {source.name!r} on this machine: write its NAME=VALUE lines to {path}"
    else:
        message = f"{word} {source.name!r} cannot be read from {path}: {error}"
    return Ending(PodStatus.FAILED, _REASONS[source.kind], message)


def _invalid(source: EnvSource, path: Path, number: int) -> Ending:
    # Not the line itself: it may be a secret.
    message = f"{_WORDS[source.kind]} {source.name!r}: line {number} of {path} is not of the form NAME=VALUE"
    return Ending(PodStatus.FAILED, _INVALID[source.kind], message)


def _entries(text: str) -> Mapping[str, str] | int:
    """Return the entries of a file, or the number of the first line that is none.

    What begins with # and empty lines are left out.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        name, sign, value = line.strip().partition("=")
        if name.startswith("#") or not (name or sign):
            continue
        if not sign or not name.strip():
            return number
        found[name.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value

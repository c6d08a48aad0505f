"""Secrets and config maps of this machine: files of `NAME=VALUE` lines in polyflow's home folder.

`secrets/NAME.env` is a secret, `config-maps/NAME.env` a config map.  They are read when an operation starts
and are never part of a message.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from polyflow_shared.cluster.local.endings import Ending
from polyflow_topics.plan import EnvSource
from polyflow_topics.status import PodStatus

_FOLDERS: Final = {"secret": "secrets", "config_map": "config-maps"}
_WORDS: Final = {"secret": "secret", "config_map": "config map"}
_REASONS: Final = {"secret": "SecretNotFound", "config_map": "ConfigMapNotFound"}


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
            text = path.read_text() if _is_name(source.name) else ""
        except (OSError, UnicodeDecodeError) as error:
            if source.optional and isinstance(error, FileNotFoundError):
                continue
            return _missing(source, path, error)
        found |= {f"{source.prefix}{name}": value for name, value in _entries(text)}
    return found


def _is_name(name: str) -> bool:
    return "/" not in name and "\0" not in name


def _missing(source: EnvSource, path: Path, error: OSError | UnicodeDecodeError) -> Ending:
    word = _WORDS[source.kind]
    if isinstance(error, FileNotFoundError):
        message = f"there is no {word} {source.name!r} on this machine: write its NAME=VALUE lines to {path}"
    else:
        message = f"{word} {source.name!r} cannot be read from {path}: {error}"
    return Ending(PodStatus.FAILED, _REASONS[source.kind], message)


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """Yield the entries of a file; what begins with # and empty lines are left out."""
    for line in text.splitlines():
        name, sign, value = line.strip().partition("=")
        if sign and name and not name.startswith("#"):
            yield name.strip(), _unquoted(value.strip())


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value

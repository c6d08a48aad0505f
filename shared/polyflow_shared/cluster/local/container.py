"""From a container to the words and the environment of a process, as Kubernetes has it.  Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from polyflow_shared.variables import expand
from polyflow_topics.plan import Container

_KEPT = frozenset({"POLYFLOW_HOME"})


NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Invocation:
    """What is started.

    Attributes:
        words: the command's name and its arguments; empty if the container has no command.
        environment: the whole environment.
    """

    words: Sequence[str]
    environment: Mapping[str, str]


def invocation(
    container: Container,
    given: Mapping[str, str],
    inherited: Mapping[str, str],
    sources: Mapping[str, str] = NOTHING,
) -> Invocation:
    """Return what to start for a container.

    Args:
        container: rendered: no templates are left in it.
        given: what polyflow tells the process; the container cannot change it.
        inherited: the environment of this machine, which `$(NAME)` does not see.
        sources: variables from secrets and config maps.
    """
    own = {**sources, **given}
    for name, value in container.env.items():
        own[name] = expand(value, own)
    own.update(given)
    # A command line of arguments alone relies on the image's entry point, which is unknown here.
    words = [expand(word, own) for word in (*container.command, *container.args)] if container.command else []
    return Invocation(words, {**inherited, **own})


def inherit(environment: Mapping[str, str], interpreter_folder: str) -> dict[str, str]:
    """Return what every process inherits from the environment of this one.

    Our own settings stay behind, for they may hold credentials of the broker.  The folder of the running
    interpreter comes first on PATH, so that `python` is the one that runs polyflow.  Python writes its
    output at once, so that logs can be followed and are whole when a process is killed.
    """
    kept = {
        name: value
        for name, value in environment.items()
        if not name.startswith("POLYFLOW_") or name in _KEPT
    }
    path = kept.get("PATH") or "/usr/local/bin:/usr/bin:/bin"
    return {"PYTHONUNBUFFERED": "1", **kept, "PATH": f"{interpreter_folder}:{path}"}


def not_found(word: str, known: Sequence[str]) -> str:
    """Return a sentence on a command that was not found, with a guess at what was meant.

    Args:
        word: the command's name as it was given.
        known: the names of the commands that there are.
    """
    sentence = f"command {word!r} was not found"
    if " " in word.strip():
        return f"{sentence}; it is one word with spaces in it: write each argument as an item of its own"
    close = get_close_matches(word.rpartition("/")[2], known, n=1, cutoff=0.75)
    return f"{sentence}; did you mean {close[0]!r}?" if close else sentence

"""How a pod ended, and why, in words for the user."""

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from polyflow_shared.cluster.local.container import Invocation, not_found
from polyflow_shared.cluster.local.folders import Folder
from polyflow_shared.cluster.local.outputs import OutputsInvalidError, read_outputs
from polyflow_shared.cluster.signals import signal_name
from polyflow_topics.message import Values
from polyflow_topics.pods import MAIN
from polyflow_topics.status import PodStatus


@dataclass(frozen=True, slots=True)
class Ending:
    """The last that is said of a pod."""

    status: PodStatus
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    outputs: Values = field(default_factory=dict)


def no_command(name: str) -> Ending:
    """Return why a container without a command cannot be started."""
    which = "the container" if name == MAIN else f"container {name!r}"
    message = f"{which} has no command; on this machine no image is there to have one"
    return Ending(PodStatus.FAILED, "CommandMissing", message)


def init_ending(name: str, ending: Ending) -> Ending:
    """Return how a pod ends whose init container has failed; an exit code is that of the main one alone."""
    return Ending(PodStatus.FAILED, "InitContainerFailed", f"init container {name!r}: {ending.message}")


def beside_ending(name: str, ending: Ending) -> Ending:
    """Return how a pod ends whose sidecar cannot be started."""
    return replace(ending, reason="SidecarFailed", message=f"sidecar {name!r}: {ending.message}")


def volume_ending(error: OSError) -> Ending:
    """Return why a pod cannot start for which the machine does not make a folder or file."""
    return Ending(PodStatus.FAILED, "VolumeNotMade", f"{error.filename}: {error.strerror}")


def ending_of(code: int, intent: Ending | None, folder: Folder) -> Ending:
    """Return how a process ended.

    Args:
        code: its exit code, or the negative number of the signal that ended it.
        intent: how it shall be reported because we ended it; None if it ended by itself.
        folder: where it wrote.
    """
    ending = intent or _by_itself(code)
    ending = replace(ending, exit_code=code if code >= 0 else 128 - code)
    try:
        ending = replace(ending, outputs=read_outputs(folder.outputs_file))
    except OutputsInvalidError as error:
        if ending.status is PodStatus.SUCCEEDED:
            ending = replace(ending, status=PodStatus.FAILED, reason="OutputsInvalid", message=str(error))
    return _with_log(ending, folder) if ending.status is PodStatus.FAILED else ending


def not_started(what: Invocation, workdir: str, error: OSError | ValueError) -> Ending:
    """Return why a process could not be started."""
    command = what.words[0]
    if not isinstance(error, OSError):
        return _failed("CommandInvalid", f"the command cannot be started: {error}")
    if error.filename == workdir:
        return _failed(
            "WorkingDirNotFound", f"working directory {workdir!r}: {os.strerror(error.errno or 0)}"
        )
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return _failed("CommandNotFound", _sentence(command, workdir, what.environment))
    return _failed("CommandNotExecutable", f"command {command!r}: {error.strerror}")


def _by_itself(code: int) -> Ending:
    if code == 0:
        return Ending(PodStatus.SUCCEEDED)
    if code == -signal.SIGKILL:
        return _failed("Killed", f"killed by SIGKILL{_MEMORY}")
    if code < 0:
        return _failed("Signal", f"ended by {signal_name(-code)}")
    return _failed("Error", f"exit code {code}{_MEMORY if code == 128 + signal.SIGKILL else ''}")


_MEMORY = ", which polyflow did not send: perhaps the machine ran out of memory"


def _failed(reason: str, message: str) -> Ending:
    return Ending(PodStatus.FAILED, reason, message)


def _with_log(ending: Ending, folder: Folder) -> Ending:
    tail = folder.log_tail()
    return replace(ending, message=f"{ending.message}\nits log ends:\n{tail}") if tail else ending


def _sentence(command: str, workdir: str, environment: Mapping[str, str]) -> str:
    """Return why a command was not found; one that exists lacks what its first line names."""
    if "/" not in command:
        return not_found(command, _names(environment["PATH"].split(os.pathsep)))
    path = os.path.join(workdir, command)
    if os.path.exists(path):
        return f"command {command!r} names an interpreter, in its first line, that was not found"
    return not_found(command, _names([os.path.dirname(path)]))


def _names(folders: Sequence[str]) -> list[str]:
    names: list[str] = []
    for folder in folders:
        try:
            names.extend(os.listdir(folder))
        except OSError:
            continue
    return names

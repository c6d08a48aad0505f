"""How a container ended, from what the container runtime and the kubelet say of it.  Pure."""

import re
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from polyflow_shared.cluster.kubernetes.failures.cause import Cause, short
from polyflow_shared.cluster.kubernetes.failures.view import Container, Ended, Role, Seen
from polyflow_shared.cluster.kubernetes.termination import outputs_in

_UNKNOWN: Final = frozenset({"ContainerStatusUnknown", "Unknown"})
"""What the kubelet and containerd say of a container that they have lost; its exit code is made up."""
_NOT_STARTED: Final = frozenset({"StartError", "ContainerCannotRun", "RunContainerError"})
"""Of containerd, of Docker, and of the kubelet."""
_SIGNALLED: Final = 128
"""A shell's exit code, and a container runtime's, for the death by a signal: this and its number."""
_MEANINGS: Final = {
    126: "a command could not be executed",
    127: "a command was not found",
    _SIGNALLED + signal.SIGKILL: "killed by SIGKILL, which polyflow did not send: perhaps for its memory",
    _SIGNALLED + signal.SIGBUS: "ended by SIGBUS: perhaps `/dev/shm` is too small",
    _SIGNALLED + signal.SIGSEGV: "ended by SIGSEGV: it used memory that is not its own",
    _SIGNALLED + signal.SIGTERM: "ended by SIGTERM, which polyflow did not send",
}
_RUNC: Final = re.compile(
    r".*unable to start container process:\s*(?:error during container init:\s*)?", re.S
)
_Find = Callable[[Container, Ended, Seen], Cause | None]


def end_of(container: Container, ended: Ended, seen: Seen) -> Cause:
    """Return why a container ended that did not succeed."""
    for find in _FINDS:
        if cause := find(container, ended, seen):
            return replace(cause, at=ended.at)
    reason = "InitContainerFailed" if container.role is Role.INIT else "Error"
    happened = f"{container.title}: {exit_of(ended)}"
    return Cause(reason, happened, ended.at, said=_last_words(ended), exit_code=ended.code)


def _last_words(ended: Ended) -> str:
    """Return what a container wrote at its end, unless that is its outputs."""
    return "" if outputs_in(ended.message) else ended.message


def exit_of(ended: Ended) -> str:
    """Return an exit code, or signal, with what it usually means."""
    if ended.signal:
        return f"ended by {_signal_name(ended.signal)}"
    if ended.code is None:
        return "it ended without an exit code"
    meaning = _MEANINGS.get(ended.code) or _by_signal(ended.code)
    return f"exit code {ended.code}{f' ({meaning})' if meaning else ''}"


def _by_signal(code: int) -> str:
    name = _signal_name(code - _SIGNALLED) if code > _SIGNALLED else ""
    return f"ended by {name}" if name.startswith("SIG") else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _lost(container: Container, ended: Ended, seen: Seen) -> Cause | None:
    del seen
    if ended.reason not in _UNKNOWN:
        return None
    return Cause("ContainerStatusUnknown", f"nobody knows how {container.title} ended")


def _out_of_memory(container: Container, ended: Ended, seen: Seen) -> Cause | None:
    del seen
    if ended.reason != "OOMKilled":
        return None
    limit, code = container.limits.get("memory"), ended.code
    used = f"more memory than its limit of {limit}" if limit else "more memory than there was"
    happened = f"{container.title} used {used} and was killed"
    if code is not None and code != _SIGNALLED + signal.SIGKILL:
        # Then it was a process that the first one had started.
        happened = (
            f"{container.title} used {used}, a process of it was killed, and it ended with exit code {code}"
        )
    remedy = "" if limit else "give it a `resources.limits.memory` that is enough, or use less"
    return Cause("OOMKilled", happened, remedy=remedy, said=_last_words(ended), exit_code=code)


def _not_started(container: Container, ended: Ended, seen: Seen) -> Cause | None:
    del seen
    if ended.reason not in _NOT_STARTED:
        return None
    return Cause("StartError", start_error(container, ended.message), exit_code=ended.code)


def start_error(container: Container, text: str) -> str:
    """Return why a container could not be started, from what the runtime says."""
    image = f"image {container.image}" if container.image else "its image"
    for pattern, told in _START_ERRORS:
        if found := pattern.search(text):
            return f"{container.title} could not be started: {told.format(*found.groups(), image=image)}"
    why = short(_RUNC.sub("", text)) or "the runtime does not say why"
    return f"{container.title} could not be started: {why}"


def _by_probe(container: Container, ended: Ended, seen: Seen) -> Cause | None:
    kind = _killed_for(container, seen, r"failed (liveness|startup) probe")
    if kind is None:
        return None
    word = kind[1].title()
    outputs = [one.message for one in seen.events if one.message.startswith(f"{word} probe")]
    said = f": {short(outputs[-1])}" if outputs else ""
    happened = f"{container.title} was killed because its {kind[1]} probe failed{said}"
    return Cause("ProbeFailed", happened, said=_last_words(ended), exit_code=ended.code)


def _by_hook(container: Container, ended: Ended, seen: Seen) -> Cause | None:
    failed = any(one.reason == "FailedPostStartHook" for one in seen.events)
    if not failed and ended.reason != "PostStartHookError":
        return None
    happened = f"{container.title} was killed because its postStart hook failed"
    return Cause("PostStartHookError", happened, said=_last_words(ended), exit_code=ended.code)


def _killed_for(container: Container, seen: Seen, why: str) -> re.Match[str] | None:
    pattern = re.compile(rf"[Cc]ontainer {re.escape(container.name)} {why}")
    found = [pattern.search(one.message) for one in seen.events if one.reason == "Killing"]
    return next((match for match in reversed(found) if match), None)


_FINDS: Final[tuple[_Find, ...]] = (_lost, _out_of_memory, _not_started, _by_probe, _by_hook)
_START_ERRORS: Final = tuple(
    (re.compile(pattern), told)
    for pattern, told in (
        (r'exec: "([^"]+)": executable file not found', "command {0!r} is not in {image}"),
        (
            r'exec: "([^"]+)": (?:stat [^:]*: )?no such file',
            "command {0!r}, or its interpreter, is not in {image}",
        ),
        (
            r'exec: "([^"]+)": (?:stat [^:]*: )?permission denied',
            "command {0!r} in {image} may not be executed",
        ),
        (r'exec: "([^"]+)": (?:stat [^:]*: )?is a directory', "command {0!r} in {image} is a directory"),
        (
            r'exec /?([^\s:]+)"?: exec format error',
            "command {0!r} in {image} is made for another kind of processor",
        ),
        (r'chdir to cwd \("([^"]+)"\)', "its working directory {0!r} is not there, or may not be used"),
        (r"no command specified", "neither `command` nor {image} says what to run"),
    )
)

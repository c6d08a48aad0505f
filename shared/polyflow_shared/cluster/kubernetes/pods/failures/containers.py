"""How a container ended, from what the container runtime and the kubelet say of it.  Pure."""

import re
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from polyflow_shared.cluster.kubernetes.pods.failures.cause import Cause, short
from polyflow_shared.cluster.kubernetes.pods.failures.view import Container, Ended, Event, Role, Seen
from polyflow_shared.cluster.kubernetes.pods.termination import last_word
from polyflow_shared.cluster.signals import signal_name

_NOT_STARTED: Final = frozenset({"StartError", "ContainerCannotRun", "RunContainerError"})
"""Of containerd, of Docker, and of the kubelet."""
_SIGNALLED: Final = 128
"""A shell's exit code, and a container runtime's, for the death by a signal: this and its number."""
KILLED: Final = frozenset({_SIGNALLED + signal.SIGKILL, _SIGNALLED + signal.SIGTERM})
"""Exit codes of a container that was sent KILL or TERM."""
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
_KILLED_FOR: Final = re.compile(r"[Cc]ontainer (\S+) failed (liveness|startup) probe")
_PROBED: Final = re.compile(r"(Liveness|Startup) probe failed")
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
    """Return what a container wrote at its end, unless that is what `polyflow.tracking` leaves."""
    return last_word(ended.message, failed=True).text


def exit_of(ended: Ended) -> str:
    """Return an exit code, or signal, with what it usually means."""
    if ended.signal:
        return f"ended by {signal_name(ended.signal)}"
    if ended.code is None:
        return "it ended without an exit code"
    meaning = _MEANINGS.get(ended.code) or _by_signal(ended.code)
    return f"exit code {ended.code}{f' ({meaning})' if meaning else ''}"


def _by_signal(code: int) -> str:
    name = signal_name(code - _SIGNALLED) if code > _SIGNALLED else ""
    return f"ended by {name}" if name.startswith("SIG") else ""


def _lost(container: Container, ended: Ended, seen: Seen) -> Cause | None:
    del seen
    if not ended.unknown:
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
    kind = _failed_probe(container, ended, seen)
    if not kind:
        return None
    outputs = [one.message for one in _about(container, seen) if one.message.startswith(kind.capitalize())]
    said = short(outputs[-1]).partition("failed: ")[2] if outputs else ""
    happened = f"{container.title} was killed because its {kind} failed{f': {said}' if said else ''}"
    return Cause("ProbeFailed", happened, said=_last_words(ended), exit_code=ended.code)


def _failed_probe(container: Container, ended: Ended, seen: Seen) -> str:
    """Return the probe for which a container was killed, or an empty text."""
    for event in reversed(_about(container, seen)):
        found = _KILLED_FOR.search(event.message) if event.reason == "Killing" else None
        if found and found[1] == container.name:
            return f"{found[2]} probe"
        # Where its death was not told: one failure alone does not kill, and what was killed ends so.
        failed = _PROBED.match(event.message) if event.reason == "Unhealthy" else None
        if failed and ended.code in KILLED:
            return f"{failed[1].lower()} probe"
    return ""


def _about(container: Container, seen: Seen) -> Sequence[Event]:
    return [one for one in seen.events if one.container in ("", container.name)]


def _by_hook(container: Container, ended: Ended, seen: Seen) -> Cause | None:
    failed = any(one.reason == "FailedPostStartHook" for one in _about(container, seen))
    if not failed and ended.reason != "PostStartHookError":
        return None
    happened = f"{container.title} was killed because its postStart hook failed"
    return Cause("PostStartHookError", happened, said=_last_words(ended), exit_code=ended.code)


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
        (r"mkdir (\S+): not a directory", "its working directory {0!r} is a file"),
        (r"no command specified", "neither `command` nor {image} says what to run"),
    )
)

"""What runs in a pod of this machine, and in which order: from its containers to processes.

Paths of mounts are those of a container, which a process cannot have: each volume is a folder of this
machine, and the variable `POLYFLOW_VOLUME_NAME` says which.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from polyflow_shared.cluster.local.artifacts import missing
from polyflow_shared.cluster.local.container import Invocation, invocation
from polyflow_shared.cluster.local.endings import Ending
from polyflow_shared.cluster.local.folders import Folder
from polyflow_shared.cluster.local.sources import is_name, kept_elsewhere, variables
from polyflow_shared.cluster.port import Pod
from polyflow_topics.message import Values
from polyflow_topics.plan import Container, EnvSource
from polyflow_topics.pods import MAIN, volume_variable
from polyflow_topics.status import PodStatus

_MADE: Final = frozenset({"DirectoryOrCreate", "FileOrCreate"})
_KINDS: Final = (("secretRef", "secret"), ("configMapRef", "config_map"))


@dataclass(frozen=True, slots=True)
class Machine:
    """Where pods run.

    Attributes:
        home: the folder of everything that polyflow keeps on this machine; secrets are read from it.
        workdir: where processes start whose container does not say.
        inherited: the environment that every process begins with.
    """

    home: Path
    workdir: Path
    inherited: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """One process: the container's name, what is started, and where."""

    name: str
    what: Invocation
    workdir: str


@dataclass(frozen=True, slots=True)
class Program:
    """What runs in a pod.

    Attributes:
        steps: one after another, each once the one before has succeeded; the last one is the main container.
        beside: what runs as long as the main container does.
        folders: of its volumes, made before anything starts.
    """

    steps: Sequence[Step]
    beside: Sequence[Step] = ()
    folders: Sequence[str] = ()


class _CannotStartError(Exception):
    """The pod can never start on this machine."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.message)
        self.ending = ending


def program(pod: Pod, given: Mapping[str, str], folder: Folder, machine: Machine) -> Program | Ending:
    """Return what runs in a pod, or why it cannot start.

    Args:
        pod: rendered: no templates are left in it.
        given: what polyflow tells every process.
        folder: the attempt's folder.
        machine: where it runs.
    """
    if (ending := missing(pod, machine.home / "runs")) is not None:
        return ending
    try:
        volumes = {str(volume["name"]): _path(volume, folder, machine) for volume in pod.parts.volumes}
        builder = _Builder(pod, given, volumes, machine)
        return Program(
            steps=[*map(builder.beside, pod.parts.init), builder.main()],
            beside=[*map(builder.beside, pod.parts.sidecars)],
            folders=[volumes[str(volume["name"])] for volume in pod.parts.volumes if _is_made(volume)],
        )
    except _CannotStartError as error:
        return error.ending


@dataclass(frozen=True, slots=True)
class _Builder:
    """Makes the steps of one pod."""

    pod: Pod
    given: Mapping[str, str]
    volumes: Mapping[str, str]
    machine: Machine

    def main(self) -> Step:
        return self._step(MAIN, self.pod.container, self.pod.parts.env, self.pod.parts.container)

    def beside(self, container: Values) -> Step:
        own = _list(container.get("env"))
        elsewhere = {one["name"]: one["valueFrom"] for one in own if one.get("valueFrom")}
        literal = {one["name"]: one.get("value") or "" for one in own if not one.get("valueFrom")}
        runs = Container(
            command=tuple(_list(container.get("command"))),
            args=tuple(_list(container.get("args"))),
            env=literal,
            env_from=tuple(_sources(container)),
            working_dir=_text(container.get("workingDir")),
        )
        return self._step(str(container["name"]), runs, elsewhere, container)

    def _step(self, name: str, runs: Container, elsewhere: Mapping[str, Any], container: Values) -> Step:
        found = variables(self.machine.home, runs.env_from)
        if isinstance(found, Ending):
            raise _CannotStartError(found)
        kept = kept_elsewhere(self.machine.home, elsewhere, self.pod)
        if isinstance(kept, Ending):
            raise _CannotStartError(kept)
        given = {**self.given, **dict(self._mounted(container))}
        what = invocation(runs, given, self.machine.inherited, {**found, **kept})
        return Step(name, what, str(self.machine.workdir / (runs.working_dir or "")))

    def _mounted(self, container: Values) -> list[tuple[str, str]]:
        mounts = [one for one in _list(container.get("volumeMounts")) if one["name"] in self.volumes]
        return [
            (volume_variable(one["name"]), str(Path(self.volumes[one["name"]], one.get("subPath") or "")))
            for one in reversed(mounts)
        ]


def _path(volume: Values, folder: Folder, machine: Machine) -> str:
    host, claim = volume.get("hostPath"), volume.get("persistentVolumeClaim")
    if isinstance(host, dict):
        return str(host["path"])
    if isinstance(claim, dict) and is_name(str(claim["claimName"])):
        return str(machine.home / "volumes" / str(claim["claimName"]))
    if volume.get("emptyDir") is None:
        name, kinds = volume["name"], ", ".join(sorted(volume.keys() - {"name"})) or "nothing"
        message = f"volume {name!r} is of kind {kinds}; which this machine does not have"
        raise _CannotStartError(Ending(PodStatus.FAILED, "VolumeNotSupported", message))
    return folder.volume(str(volume["name"]))


def _is_made(volume: Values) -> bool:
    host = volume.get("hostPath")
    return not isinstance(host, dict) or host.get("type") in _MADE


def _sources(container: Values) -> list[EnvSource]:
    found: list[EnvSource] = []
    for source in _list(container.get("envFrom")):
        for field, kind in _KINDS:
            if named := source.get(field):
                optional, prefix = bool(named.get("optional")), source.get("prefix") or ""
                about = {"kind": kind, "name": named["name"], "prefix": prefix, "optional": optional}
                found.append(EnvSource.model_validate(about))
    return found


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None

"""What is wrong with the pods of a run though every field is right: names that clash or are refused.

Nothing here is said of what has templates: it is not known yet.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.findings import Finding, Nearest, Path
from polyflow_shared.language.kubernetes.scalars import looks_rendered
from polyflow_shared.language.models import known
from polyflow_shared.language.models.pods import PodFields, V1Environment
from polyflow_topics.pods import MAIN, MOUNT, VOLUME

_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PREFIX: Final = re.compile(
    r"(?=.{1,253}/)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*/"
)
_NAME: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_IMAGE: Final = re.compile(
    r"(?:(?:[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?)*"
    r"|\[[A-Fa-f0-9:]+\])(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][-A-Za-z0-9_.]{0,127})?"
    r"(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[A-Fa-f0-9]{32,})?"
)
"""A reference to an image, by github.com/distribution/reference."""
_OURS: Final = ("polyflow.io/", "app.kubernetes.io/managed-by")

Container = Mapping[str, Any]


def pod_doubts(run: PodFields) -> Iterator[Finding]:
    """Yield what cannot work of the pods of a run, by paths into it.

    Args:
        run: with all its layers.
    """
    environment = known(run.environment)
    if environment is not None:
        yield from _metadata(environment)
    containers = dict(containers_of(run))
    yield from _names(containers)
    yield from _volumes(run)
    volumes = _volume_names(run)
    for path, container in containers.items():
        yield from _mounts(container, path, volumes)
        yield from _image(container, path)


def _image(container: Container, path: Path) -> Iterator[Finding]:
    image = container.get("image")
    if isinstance(image, str) and image and not looks_rendered(image) and not _IMAGE.fullmatch(image):
        hint = "[REGISTRY/]NAME[:TAG][@DIGEST], the name in lower case"
        yield _refused(f"`{image}` cannot be the name of an image", (*path, "image"), hint)


def containers_of(run: PodFields) -> Iterator[tuple[Path, Container]]:
    """Yield the containers of a run's pods with their paths in it, the main one first."""
    main = known(run.container)
    if isinstance(main, dict):
        yield ("container",), {**main, "name": MAIN}
    for index, step in enumerate(known(run.init) or ()):
        container = known(step.container)
        if isinstance(container, dict):
            yield ("init", index, "container"), {"name": f"init-{index}", **container}
    for index, sidecar in enumerate(known(run.sidecars) or ()):
        yield ("sidecars", index), sidecar


def _metadata(environment: V1Environment) -> Iterator[Finding]:
    for field in ("labels", "annotations"):
        values: Mapping[str, str] = getattr(environment, field) or {}
        for key, value in values.items():
            path = ("environment", field, key)
            if key.startswith(_OURS):
                message = f"`{key}` is polyflow's own"
                yield _refused(message, path, "choose another name", at_key=True)
            elif not _is_key(key) and not looks_rendered(key):
                message = f"`{key}` cannot be the name of a label or annotation"
                yield _refused(message, path, "letters, digits and `-_.`, at most 63", at_key=True)
            elif field == "labels" and value and not looks_rendered(value) and not _LABEL.fullmatch(value):
                message = f"`{value}` cannot be the value of a label"
                yield _refused(message, path, "letters, digits and `-_.`, at most 63; or an annotation")


def _is_key(key: str) -> bool:
    prefix = _PREFIX.match(key)
    return _LABEL.fullmatch(key, prefix.end() if prefix else 0) is not None


def _names(containers: Mapping[Path, Container]) -> Iterator[Finding]:
    taken: set[str] = {MAIN}
    for path, container in containers.items():
        name = container["name"]
        if path == ("container",) or looks_rendered(name):
            continue
        yield from _name("container", name, (*path, "name"), taken)
        taken.add(name)


def _name(what: str, name: str, path: Path, taken: Collection[str]) -> Iterator[Finding]:
    if name in taken:
        whose = "the operation's own" if name == MAIN else "another"
        message = f"`{name}` is the name of {whose} {what}"
        yield Finding(Code.REPEATED, message, path, "choose another name")
    elif not _NAME.fullmatch(name):
        message = f"`{name}` cannot be the name of a {what}"
        yield _refused(message, path, "lower-case letters, digits and `-`, at most 63")


def _volumes(run: PodFields) -> Iterator[Finding]:
    taken: set[str] = set()
    for index, volume in enumerate(known(run.volumes) or ()):
        path, name = ("volumes", index, "name"), volume["name"]
        if name == VOLUME:
            yield _refused(f"`{VOLUME}` is polyflow's own volume", path, "choose another name")
        elif not looks_rendered(name):
            yield from _name("volume", name, path, taken)
        taken.add(name)


def _volume_names(run: PodFields) -> Collection[str] | None:
    """Return the names of a pod's volumes; None where they are not known yet."""
    volumes = known(run.volumes)
    if volumes is None and run.volumes is not None:
        return None
    names = {volume["name"] for volume in volumes or ()}
    return None if any(map(looks_rendered, names)) else names


def _mounts(container: Container, path: Path, volumes: Collection[str] | None) -> Iterator[Finding]:
    mounts = container.get("volumeMounts")
    taken: set[str] = set()
    for index, mount in enumerate(mounts if isinstance(mounts, list) else ()):
        if not isinstance(mount, Mapping):
            continue
        where = (*path, "volumeMounts", index)
        name, folder = mount["name"], str(mount["mountPath"]).rstrip("/")
        if volumes is not None and not looks_rendered(name) and name not in volumes:
            message = f"there is no volume `{name}`"
            yield Finding(Code.UNKNOWN_VOLUME, message, (*where, "name"), Nearest(name, volumes))
        if folder == MOUNT or folder.startswith(f"{MOUNT}/"):
            yield _refused(f"`{MOUNT}` is polyflow's own folder", (*where, "mountPath"), "mount it elsewhere")
        elif folder in taken:
            message = f"another volume is mounted at `{folder}`"
            yield Finding(Code.REPEATED, message, (*where, "mountPath"))
        taken.add(folder)


def _refused(message: str, path: Path, hint: str, *, at_key: bool = False) -> Finding:
    return Finding(Code.NOT_ALLOWED, message, path, hint, at_key=at_key, stage=Stage.RUN_READY)

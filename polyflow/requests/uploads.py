"""Files that a user brings to a run before it starts: how they are named, and copied to where it looks."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from typing import Final

from polyflow.requests.ids import new_id
from polyflow_shared.errors import PolyflowError
from polyflow_shared.machine.home import home
from polyflow_topics.names import RunId
from polyflow_topics.operating import UPLOAD_FAILED, UploadPipeline

STORE: Final = "POLYFLOW_ARTIFACTS_STORE"
"""Names the folder where the volume of artifacts that pods on Kafka's side use is mounted on this machine."""
_RUN: Final = "{run}"
"""Stands for the run's id in that variable; where it does not, the id is the name of a folder in it."""


class NotUploadedError(PolyflowError):
    """Files cannot be brought to a run; the message says why."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file or folder, and where it is found.

    Attributes:
        source: on this machine.
        target: relative to the run's artifacts.
    """

    source: Path
    target: str


def upload_of(text: str) -> Upload:
    """Return what `PATH[:TARGET]` means; without a target it is the name of the file or folder.

    Raises:
        NotUploadedError: there is no such file, or the target leads out of the run's artifacts.
    """
    path, sign, target = (text, "", "") if Path(text).exists() else text.rpartition(":")
    source = Path(path if sign else text)
    if not source.exists():
        raise NotUploadedError(f"there is no file or folder {str(source)!r} to upload")
    target = target or source.resolve().name
    parts = PurePosixPath(target).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise NotUploadedError(
            f"the target {target!r} is not below the run's artifacts: write a relative path"
        )
    return Upload(source, str(PurePosixPath(target)))


def store_of(run: RunId, environment: Mapping[str, str], *, remote: bool) -> Path:
    """Return the folder of a run's artifacts: where what is brought to it is looked for.

    Args:
        run: the run.
        environment: variables of this process.
        remote: whether the run is not one of this machine's engine.

    Raises:
        NotUploadedError: nothing says where that is.
    """
    if not remote:
        return home(environment).run(run).artifacts
    if named := environment.get(STORE):
        folder = named.replace(_RUN, run) if _RUN in named else f"{named}/{run}"
        return Path(folder).expanduser().absolute()
    raise NotUploadedError(
        f"this machine does not know where operations on Kafka's side look for files: set ${STORE} to the "
        "folder where the volume is mounted here that they have at /polyflow/artifacts"
    )


def side_by_side(uploads: Sequence[Upload]) -> tuple[Upload, ...]:
    """Return uploads in the order in which each finds a place, whatever their order was.

    A target within the folder that another one brings comes after that: it is added to that folder, and takes
    the place of what has its name there.

    Raises:
        NotUploadedError: two have one target, or a target is within one that is a file.
    """
    by_target: dict[PurePosixPath, Upload] = {}
    for upload in uploads:
        former = by_target.setdefault(PurePosixPath(upload.target), upload)
        if former.source.resolve() != upload.source.resolve():
            raise NotUploadedError(_both(former, upload))
    for target, upload in by_target.items():
        for above in target.parents:
            if (outer := by_target.get(above)) is not None and not outer.source.is_dir():
                message = f"{upload.source} cannot go to {upload.target!r}: {outer.source}, which is a file, "
                raise NotUploadedError(f"{message}goes to {outer.target!r}")
    return tuple(by_target[target] for target in sorted(by_target, key=lambda path: len(path.parts)))


def _both(one: Upload, other: Upload) -> str:
    """Return that two uploads have the same target, and what to write."""
    name = other.source.resolve().name
    within = f"{other.target}/{name}" if one.source.is_dir() else f"OTHER/{name}"
    return (
        f"{one.source} and {other.source} would both go to {other.target!r}; "
        f"give each a target of its own, such as {f'{other.source}:{within}'!r}"
    )


def bring(uploads: Sequence[Upload], folder: Path) -> None:
    """Copy files into the folder of a run's artifacts; what is there under a target is replaced, whole.

    Raises:
        NotUploadedError: one cannot be read, or not be written, or two have no place beside each other.
    """
    for upload in side_by_side(uploads):
        if folder.resolve().is_relative_to(upload.source.resolve()):
            raise NotUploadedError(f"{upload.source} cannot be uploaded: its own target {folder} is in it")
        try:
            _bring(upload, folder)
        except (OSError, shutil.Error) as error:
            raise NotUploadedError(f"{upload.source} cannot be uploaded: {_first(error)}") from error


def arrival(run: RunId, uploads: Sequence[Upload], folder: Path) -> UploadPipeline:
    """Bring files to a run, and return what it is to be told: that they are there, or why they are not."""
    try:
        bring(uploads, folder)
    except NotUploadedError as error:
        return UploadPipeline(run=run, request=new_id(), reason=UPLOAD_FAILED, message=str(error))
    return UploadPipeline(run=run, request=new_id())


def _bring(upload: Upload, folder: Path) -> None:
    target = folder / upload.target
    target.parent.mkdir(parents=True, exist_ok=True)
    # Copied beside its place first, so that an interrupted copy is never taken for the files.
    aside = Path(mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
    try:
        copy = aside / "copy"
        if upload.source.is_dir():
            shutil.copytree(upload.source, copy, symlinks=True)
        else:
            shutil.copy2(upload.source, copy)
        _remove(target)
        os.replace(copy, target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _first(error: OSError | shutil.Error) -> str:
    """Return the first of the problems that the copy of a folder has met."""
    if isinstance(error, shutil.Error) and isinstance(error.args[0], list):
        return str(error.args[0][0][2])
    return str(error)

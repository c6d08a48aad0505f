"""The folder of one attempt: where its process writes, and what is read from it."""

import os
from dataclasses import dataclass
from pathlib import Path

from polyflow_shared.cluster.port import Pod, PodReport, end_of_log
from polyflow_shared.errors import ClusterRejectedError

LOG_TAIL_BYTES = 2048
"""How much of the log's end a failed pod's message quotes."""
_MAX_NAME_BYTES = 255
_BELOW_RUN = 3
"""Folders from that of an attempt up to that of its run: `operations/NAME/ATTEMPT`."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The paths of one attempt."""

    path: str

    @property
    def log(self) -> str:
        """Standard output and standard error."""
        return f"{self.path}/log.txt"

    @property
    def outputs_file(self) -> str:
        """A JSON object, written by the process."""
        return f"{self.path}/outputs.json"

    @property
    def metrics_file(self) -> str:
        """JSON lines, written by the process."""
        return f"{self.path}/metrics.jsonl"

    @property
    def outputs(self) -> str:
        """For files that downstream operations read."""
        return f"{self.path}/outputs"

    @property
    def artifacts(self) -> str:
        """For everything that is worth keeping."""
        return f"{self.path}/artifacts"

    def volume(self, name: str) -> str:
        """Return the folder of an empty volume."""
        return f"{self.path}/volumes/{name}"

    def open_log(self) -> int:
        """Return the open log, to be written on.

        Raises:
            OSError: the machine does not let us.
        """
        return os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)

    def make(self) -> int:
        """Create the folder, empty of what an earlier use has left, and return the open log.

        Raises:
            OSError: the machine does not let us.
        """
        try:
            os.makedirs(self.artifacts)
        except FileExistsError:
            _remove(self.outputs_file)
        os.makedirs(self.outputs, exist_ok=True)
        self._link_uploads()
        os.close(os.open(self.metrics_file, _NEW, 0o666))
        return os.open(self.log, _NEW, 0o666)

    def _link_uploads(self) -> None:
        """Show what was uploaded for the run among the attempt's artifacts.

        Links, for a copy for each of 100,000 attempts would be too much; so what one changes, all see, as on
        Kubernetes, where operations share one folder.  They are relative: a copy of all that a run has left
        leads to what is in the copy.
        """
        uploads = os.path.join(self.path, *[".."] * _BELOW_RUN, "artifacts")
        try:
            names = os.listdir(uploads)
        except (FileNotFoundError, NotADirectoryError):
            return
        for name in names:
            link = f"{self.artifacts}/{name}"
            if not os.path.lexists(link):
                os.symlink(os.path.join(*[".."] * (_BELOW_RUN + 1), "artifacts", name), link)

    def log_tail(self) -> str:
        """Return the last whole lines of the log, at most `LOG_TAIL_BYTES` of them."""
        try:
            with open(self.log, "rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(0, size - LOG_TAIL_BYTES))
                tail = log.read(LOG_TAIL_BYTES)
        except OSError:
            return ""
        cut = size > LOG_TAIL_BYTES
        if cut and b"\n" in tail.rstrip():
            tail = tail.partition(b"\n")[2]
        return end_of_log(tail, cut=cut).strip()


_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def folder_of(runs: Path, pod: Pod | PodReport) -> Folder:
    """Return the folder of a pod's attempt.

    Raises:
        ClusterRejectedError: a name would lead out of the folder, or is too long for a file system.
    """
    for name in (pod.run, pod.operation):
        if name in {"", ".", ".."} or "/" in name or "\0" in name or len(name.encode()) > _MAX_NAME_BYTES:
            raise ClusterRejectedError(f"{name!r} cannot be the name of a folder")
    return Folder(f"{runs}/{pod.run}/operations/{pod.operation}/{int(pod.attempt)}")

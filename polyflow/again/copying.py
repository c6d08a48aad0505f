"""The artifacts of an earlier run, brought to a new one on this machine."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from polyflow.history import History
from polyflow_shared.errors import PolyflowError
from polyflow_shared.read_model.views import RunView
from polyflow_topics.names import OperationName, RunId


class NotCopiedError(PolyflowError):
    """Artifacts cannot be copied."""


def copy_artifacts(history: History, earlier: RunView, run: RunId) -> int:
    """Give the first attempt of each operation what the last one of the earlier run has left.

    Args:
        history: all runs.
        earlier: the run whose artifacts are copied.
        run: the new run, which has not begun.

    Returns:
        The number of operations that had artifacts on this machine.

    Raises:
        NotCopiedError: they cannot be read, or not be written.
    """
    copied = 0
    for source, target in _folders(history, earlier, run):
        try:
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        except (OSError, shutil.Error) as error:
            raise NotCopiedError(f"the artifacts in {source} cannot be copied: {error}") from error
        copied += 1
    return copied


def _folders(history: History, earlier: RunView, run: RunId) -> Iterator[tuple[Path, Path]]:
    for name in earlier.operations:
        source = _artifacts(history, earlier, name)
        if source is not None and source.is_dir() and any(source.iterdir()):
            yield source, history.folder(run).attempt(name, 0) / "artifacts"


def _artifacts(history: History, view: RunView | None, name: OperationName) -> Path | None:
    """Return where an operation's last attempt has left its artifacts; one that was kept ran earlier."""
    while view is not None and (operation := view.operations.get(name)) is not None:
        if operation.attempts:
            return history.folder(view.id).attempt(name, operation.attempts - 1) / "artifacts"
        view = history.run(view.origin.run) if view.origin else None
    return None

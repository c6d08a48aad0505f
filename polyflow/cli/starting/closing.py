"""What is said when a run has ended: outputs, why what failed has failed, where everything is."""

from collections.abc import Iterator, Sequence
from typing import Final

from polyflow.cli.terminal.text import hook_line, one_line, run_span, value, why
from polyflow.events.hooks import REQUESTED, HookView
from polyflow.known.sources import explain_command, look
from polyflow_shared.cluster.port import end_of_log
from polyflow_shared.machine.home import RunFolder
from polyflow_shared.read_model.views import REJECTED, OperationView, RunView
from polyflow_topics.names import OperationName
from polyflow_topics.status import Status

TAIL_LINES: Final = 10
"""Lines of a failed operation's log that are shown."""
TAIL_BYTES: Final = 4096
FAILURES: Final = 5
"""Failed operations, or hooks, that are told of one by one."""
_WRONG: Final = frozenset({Status.FAILED.value, REJECTED})


def closing_lines(
    view: RunView, folder: RunFolder | None, hooks: Sequence[HookView] = (), *, kafka: str = ""
) -> Iterator[str]:
    """Yield the end of a run as text.

    Args:
        view: the run.
        folder: what it has left on this machine; None if it ran elsewhere.
        hooks: its hooks and those of its operations; told are those that have failed, were refused or go on
            since it was resumed last.
        kafka: the broker, where the run is known behind one and not on this machine.
    """
    yield ""
    yield from _failures(view, folder)
    yield from _outputs(view)
    because = why(view.reason, view.message)
    yield f"run {view.id} {view.status} in {run_span(view)}" + (f" ({because})" if because else "")
    yield from _hooks(view, hooks, kafka if folder is None else "")
    if folder is None:
        yield f"  logs                polyflow logs {view.id} OPERATION, where the projector runs"
        yield f"  details             polyflow show {view.id}, there as well; here {look(view.id, kafka)}"
    else:
        yield f"  logs and artifacts  {folder.path / 'operations'}"
        yield f"  details             polyflow show {view.id}"


def _failures(view: RunView, folder: RunFolder | None) -> Iterator[str]:
    failed = [one for one in view.operations.values() if one.status == "failed" and not one.ended_by_members]
    for operation in failed[:FAILURES]:
        yield f"{operation.name} failed: {why(operation.reason, operation.message)}"
        yield from (f"  | {line}" for line in _tail(operation, folder))
    if len(failed) > FAILURES:
        yield f"… and {len(failed) - FAILURES} more; see: polyflow show {view.id}"


def _hooks(view: RunView, hooks: Sequence[HookView], kafka: str) -> Iterator[str]:
    now = [one for one in hooks if one.generation == view.generation]
    wrong = [one for one in now if one.status in _WRONG]
    told = [*wrong, *(one for one in now if not one.ended)]
    for hook in told[:FAILURES]:
        yield "  " + hook_line(hook, _stands(hook), see=look(hook.run, kafka) if hook.run else "")
    if len(told) > FAILURES:
        yield f"  … and {len(told) - FAILURES} more hooks; see: {explain_command(view.id, kafka)}"


def _stands(hook: HookView) -> str:
    if hook.status == REJECTED:
        return "was refused"
    if hook.status == REQUESTED:
        return "has not begun"
    return hook.status if hook.ended else f"is still {hook.status}"


def _tail(operation: OperationView, folder: RunFolder | None) -> list[str]:
    if folder is None or not operation.attempts:
        return []
    path = folder.attempt(OperationName(operation.name), operation.attempts - 1) / "log.txt"
    if not path.exists():
        return []
    with path.open("rb") as log:
        begin = max(0, path.stat().st_size - TAIL_BYTES)
        log.seek(begin)
        text = end_of_log(log.read(), cut=begin > 0)
    return text.splitlines()[-TAIL_LINES:]


def _outputs(view: RunView) -> Iterator[str]:
    having = [operation for operation in view.operations.values() if operation.outputs]
    if having:
        yield "outputs"
    for operation in having:
        for name, one in operation.outputs.items():
            yield one_line(f"  {operation.name}.{name} = {value(one)}")

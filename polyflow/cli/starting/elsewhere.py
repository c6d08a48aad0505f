"""`polyflow run --id` of a request whose run goes on in another process of this machine: shown to its end."""

from polyflow.cli.starting.watching import watcher_for
from polyflow.cli.terminal.options import history
from polyflow.events.progress import Progress
from polyflow.requests.orders import Request
from polyflow.running.following import events, message_of
from polyflow_shared.clock import SystemClock

GOES_ON = "this request runs in another process; Ctrl-C ends what is shown here, and not the run"


def begun_elsewhere(request: Request) -> bool:
    """Tell whether the run of this very request is known here; the same id may be that of another body."""
    with history() as found:
        view = found.run(request.run)
    return view is not None and view.specification == request.digest


async def follow_elsewhere(request: Request, *, quiet: bool) -> None:
    """Show a run until it has ended, or its engine is gone."""
    progress = Progress(request.run, wanted=request.digest)
    with history() as found, watcher_for(quiet=quiet) as watcher:
        watcher.tell(f"{request.run}: {GOES_ON}")
        async for event in events(found, request.run, SystemClock()):
            watcher.show(progress, progress.take([message_of(event)]))

"""polyflow: an event-driven engine that runs machine-learning pipelines as containers.

`Client` and `AsyncClient` submit, repeat, stop, get, watch, list and explain runs, and read logs; an
operation's own code uses `polyflow.tracking`.

What stands here beside the rooms is what users import, or are told the errors of; a room's first lines say
what each of its modules does.  Each line knows those below it, as the lint holds everyone to:

    cli/                                               the command line
    blocking.py                                        `Client`
    client.py                                          `AsyncClient`
    requesting.py                                      what one client has requested
    repeating.py                                       runs that come from runs, as they are asked for
    again/   known/   forgetting.py   queueing.py      what goes into these; what is known of runs
    removing.py                                        which runs may go, and how
    running/                                           where runs go on, and how one reaches them
    history.py                                         the runs of this machine
    specifications/   requests/   events/   words.py   what is asked for, and what is told

The rest knows nothing of these, nor do its parts of each other but for the two files in the last line:

    schemas.py   k8s.py   planning/   migration/       pipelines in Python; `polyflow plan`, `migrate`
    tracking/   notify/                                what operations call, and what notifiers are
    choices.py   gateway.py                            words of the language; requests to the gateway

By what they are about:

- Asking for a run: `client.py` and `blocking.py` have what users call, `requesting.py` what one client has
  requested.  `specifications/` reads what is to be run, `requests/` has what is sent; `running/` has the
  engines of this machine, the way to Kafka, and whom a request about a run goes to.
- Runs that come from runs: `repeating.py`, and `again/` below it.
- What has become of runs: `events/` has what events tell by themselves, `history.py` the runs of this machine
  (`words.py` those that their fields can have), and `known/` says more of one, wherever it is.
  `forgetting.py` is about cached results, `queueing.py` about queues, `removing.py` about runs to remove.
- The command line: `cli/` prints what the others find; `planning/` draws, `migration/` rewrites.
- Pipelines in Python: `schemas.py`, with the words of `choices.py`, and `k8s.py`.
- In an operation: `tracking/`; what notifiers run: `notify/`.  Both send by `gateway.py`.

A room's first file imports nothing, but for that of `tracking/`: a command takes what it needs and no more.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from polyflow.blocking import Client
    from polyflow.client import AsyncClient

__all__ = ["AsyncClient", "Client"]


def __getattr__(name: str) -> Any:
    """Import the client when it is first asked for: an operation that only tracks must not pay for it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from polyflow import blocking  # noqa: PLC0415

    return getattr(blocking, name)

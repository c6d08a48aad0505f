"""polyflow: an event-driven engine that runs machine-learning pipelines as containers.

`Client` and `AsyncClient` submit, repeat, stop, get, watch, list and explain runs, and read logs; an
operation's own code uses `polyflow.tracking`.
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

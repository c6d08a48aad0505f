"""Signals, as users are told of them.  Pure."""

import signal


def signal_name(number: int) -> str:
    """Return what a signal is called; one that this system has no name for by its number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

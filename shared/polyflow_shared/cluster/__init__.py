"""The cluster port and its adapters.  Start with `port.py`; `opening.py` opens what settings name.

Adapters: `memory.py`; `kubernetes/`; `processes.py` with its parts in `local/`, which is a process of its own
by `__main__.py`, `settings.py` and `daemon.py`, and is reached from others by `remote.py` (`wire.py` is what
goes over the socket).  Those on this machine use `feed.py` (who watches) and `released.py` (names that are
taken), Kubernetes `pulse.py` (when a watch was heard last); `messages.py` has the words for other services.
"""

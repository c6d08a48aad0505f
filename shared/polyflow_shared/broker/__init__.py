"""The broker port, its adapters, and the changelog that is built on it.  Start with `port.py`."""

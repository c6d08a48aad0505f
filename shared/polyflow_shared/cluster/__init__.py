"""The cluster port and its adapters.  Start with `port.py`."""

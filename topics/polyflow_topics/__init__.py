"""The contract of the system: every message, every topic, and their form on the wire.

Nothing else lives here, and nothing here does IO.  Start with `catalog.py`: who says what to whom.
"""

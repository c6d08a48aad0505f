"""The projector turns run events into the read model that users ask.

An effector: it reads `run-events`, `run-metrics` and `run-logs`, writes the read model, and answers questions
about it into `run-inbox`.  Doing it twice changes nothing.  Start reading in `core.py`: what an event
changes.
"""

"""The projector turns run events into the read model that users ask.

An effector: it reads `run-events` and writes the read model, nothing else.  Doing it twice changes nothing.
Start reading in `core.py`: what an event changes.
"""

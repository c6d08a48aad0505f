"""Admission holds operations back that would exceed the limit of their queue or of the whole installation.

A decider on one partition: it reads `admission-requests`, and writes answers to `run-inbox`, how queues stand
to `queue-events`, and, to itself, `admission-requests`.  Its rows are kept in `admission-rows`.  Only
operations under some limit ask it.  Start reading in `core.py`; `state.py` has the rows, `live.py` the limits
that change meanwhile.
"""

"""The cache knows the results of operations that were executed, and which are being executed.

A decider: it reads `cache-requests`, and writes answers to `run-inbox` and, to itself, `cache-requests`.  Its
rows are kept in `cache-rows`.  It never starts anything: a planner asks, and does what the answer allows.
Start reading in `core.py`; `state.py` has the rows.
"""

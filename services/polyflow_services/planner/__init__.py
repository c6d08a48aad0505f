"""The planner owns the state of runs: what starts, retries, is skipped or stopped, and how a run ends.

A decider: it reads `run-inbox`, and writes `operation-commands.CLUSTER`, `run-events`, `run-metrics`
(policies only) and, to itself, `run-inbox`.  Its rows are kept in `planner-rows`.
Start reading in `core.py`; `state.py` has the table of statuses and the rows.
"""

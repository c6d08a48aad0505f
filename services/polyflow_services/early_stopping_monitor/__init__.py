"""The early-stopping monitor reads metrics as they are logged and says which scope of a run must stop.

A decider: it reads `run-metrics`, and writes stops to `run-inbox` and, to itself, `run-metrics`.  Its rows
are kept in `polyflow-early-stopping-monitor-rows-changelog`, a topic that Faust names.  Policies on failures
are the planner's, which has the counters.
Start reading in `core.py`; `state.py` has the rows.  As a process it runs on Faust; embedded, in the loop
that all deciders share.
"""

"""The planner owns the state of runs: what starts, retries, is skipped or stopped, and how a run ends.

A decider: it reads `run-inbox`, and writes `operation-commands.CLUSTER`, `run-events`, `run-metrics`
(policies only), `cache-requests`, `admission-requests`, `pipeline-requests` (hooks) and, to itself,
`run-inbox`.  Its rows are kept in `planner-rows`.

Start reading in `core.py`, which leads each message to its room. From what knows most to what is known by
all: `arrivals` (plans), `requests` (of people), `walks` (through many operations, in bounded steps),
`attempts` (what becomes of a launch), `starts` (from trigger to launch), `ends`, then `turn.py`, one decision
in the making, `values` (triggers, params) and `rows` (what is remembered; `rows/state.py` has the table of
statuses).

An operation whose trigger is met passes `starts.starting.GATES`, in the order of that tuple, such as its
questions about other runs, its condition, its approval and the cache.  Behind them it gets a slot of its
scope and, where there is a limit, of admission, and is launched (`starts.launching`).
"""

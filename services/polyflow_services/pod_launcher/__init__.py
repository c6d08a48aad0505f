"""The pod launcher makes a cluster agree with the planner's commands.  It never decides.

An effector: it reads `operation-commands.CLUSTER` and acts on the cluster; what a watch of the cluster
cannot tell (what is absent, refused or too late) it answers on `run-inbox`, and the ends of logs go to
`run-logs`.  Start reading in `act.py`; `core.py` has the translations.
"""

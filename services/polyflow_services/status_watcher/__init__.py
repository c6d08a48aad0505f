"""The status watcher says what a cluster's pods have become.  It never decides.

An effector: it reads the world (a watch of one cluster), and writes reports to `run-inbox` and measurements
to `run-metrics`.  Two of them on one cluster say everything twice, which is harmless. Start reading in
`core.py`; `act.py` is the watch.
"""

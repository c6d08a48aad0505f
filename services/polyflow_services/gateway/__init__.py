"""The gateway takes outputs and metrics of pods over HTTP and puts them on the topics.

An effector: it reads requests, and writes to `run-inbox` (outputs) and `run-metrics`.  It keeps nothing, so
any number of them serve beside each other; an answer says that the broker has what was sent.  Start reading
in `core.py`: what a request says; `act.py` has what becomes of it, `web.py` the server, `connections.py` how
many may connect.
"""

"""Commands that begin a run, and follow it to its end.

- `run.py`: on this machine; `remote.py`: over Apache Kafka; `again.py`: runs that come from runs.
- `elsewhere.py`: one that goes on in another process of this machine.
- `ordering.py`: what a user orders on the command line.
- `watching.py`: how a run is shown while it goes on; `live.py`: its table on a terminal.
- `closing.py`: what is said at the end; `ending.py`: the exit status.
"""

"""On this machine: where runs are kept, and how a second terminal talks to a run's engine.

- `home.py`: folders; `control.py`: requests and events on a Unix socket; `sockets.py`: those by long paths.
"""

"""What events tell, wherever they come from.

- `progress.py`: what a run has come to, kept up to date by its events.
- `hooks.py`: what has become of the hooks of a run.
- `recording.py`: the records of runs as a file.
- `replaying.py`: recorded ones, decided anew by today's planner.
"""

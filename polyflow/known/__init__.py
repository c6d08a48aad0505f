"""What is known of runs, and why they stand as they do; `../history.py` has those of this machine.

- `sources.py`: all that is known of a run, and whom to ask of one that goes on.
- `heard.py`: the same of runs on Kafka, by the events that the broker has kept.
- `explaining.py`: what the planner says of a run that goes on, or the events of one that has ended.
- `written.py`: what operations have written.
"""

"""What a decider's core is made of.  Pure.

- `decision.py`: what it returns, and what it is: a function of rows, message and time.
- `rows.py`: what it remembers; `draft.py`: rows in the middle of a decision; `chains.py`: queues among rows.
"""

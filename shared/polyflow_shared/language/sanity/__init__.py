"""What can be read and can never work: found when a specification is checked, not when it has failed.

`operations.py` looks at operations and runtimes, and asks `matrix.py` and `joins.py`; `pods.py` looks at the
pods of a run, once its layers are composed.
"""

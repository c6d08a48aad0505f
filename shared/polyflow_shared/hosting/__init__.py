"""A service as a process of its own.

- `process.py`: settings, log, signals, metrics, and how it ends; `garbage.py`: when Python looks for cycles.
- `settings.py`: the knobs that several have; `described.py`: what there is to say of them.
"""

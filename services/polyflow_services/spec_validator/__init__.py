"""The spec validator turns a request into a plan, or into a rejection that lists everything that is wrong.

An effector without a world to touch: it reads `pipeline-requests`, and writes `run-inbox` (plans,
stops) and `run-events` (rejections).
Start reading in `core.py`; then `compose.py`, `expand.py`, `graph.py`, `bind.py` and `plan.py`.
"""

"""The spec validator turns a request into a plan, or into a rejection that lists everything that is wrong.

An effector without a world to touch, but for what references lead to: it reads `pipeline-requests`, and
writes `run-inbox` (plans, stops) and `run-events` (rejections).

Start reading in `core.py` (requests) or `checked.py` (`polyflow check`); both use `compilation.py`.  A
specification goes through `compose.py` (an operation from its `layers/`), `expand.py` (operations numbered
over all DAGs, `builds.py`, `counting.py`), `graph.py` (edges), `bind.py` (what names stand for: `refs.py`,
`trials.py`, `declared.py`), `rendered.py` (templates) and, to be run, `plan.py`.  `supported.py` knows what
cannot be run yet.
"""

"""The spec validator turns a request into a plan, or into a rejection that lists everything that is wrong.

An effector without a world to touch, but for what references lead to: it reads `pipeline-requests`, and
writes `run-inbox` (plans, stops), `run-events` (rejections), `cache-requests` (results to forget) and
`admission-requests` (questions about queues).

Start reading in `core.py` (requests) or `checked.py` (`polyflow check`); both use `compilation.py`. A
specification goes through its rooms: `requests` (its text), `layers` (an operation composed from what it
refers to), `links` (edges and refs), `fields` (what single fields say; `fields/supported.py` knows what
cannot be run yet), `shape` (operations numbered over all DAGs, builds, matrices unrolled), `names` (what
names and templates stand for), `hooks.py` and, to be run, `planning`.
"""

"""Why a pod failed, does not start, or is refused, in words for the user.  Pure.

`view.py` reads the API server's objects; `catalog.py` lists every reason there is; `containers.py` (how a
container ended), `interruptions.py` (what ended a pod from outside), `waiting.py` with `images.py` and
`scheduling.py` (why one does not start) and `refusals.py` (why one is not created) find causes.
`../reasons.py` puts them together.
"""

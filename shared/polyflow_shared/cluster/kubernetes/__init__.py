"""A Kubernetes cluster behind the cluster port.

`cluster.py` is where to start, `opening.py` makes one from settings, and `place.py` says where its pods are.
`access.py` finds the API server and who we are to it, `client.py` asks it, within the limits of `limits.py`,
and `shapes.py` tells its answers from others; `listing.py` and `finding.py` look for pods, `informer.py`
follows what becomes of them, and `watching.py` makes reports of that.  `tails.py` reads the ends of logs,
`upkeep.py` removes what was released long ago.  What pods are made of, and what they say, is in `pods/`.
"""

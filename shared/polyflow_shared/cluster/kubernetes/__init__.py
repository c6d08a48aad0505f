"""A Kubernetes cluster behind the cluster port.

`cluster.py` is where to start.  `client.py` asks the API server, within the limits of `limits.py`;
`informer.py` follows what becomes of pods; what pods are made of and what they say is in pure modules.
"""

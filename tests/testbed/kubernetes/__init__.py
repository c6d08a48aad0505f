"""A real Kubernetes control plane on this machine, with fake nodes (KWOK): built once, started in seconds.

`programs.py` builds, `control.py` starts and stops, `api.py` asks.  With `KUBECONFIG` set, that cluster is
used and none is started.
"""

"""A real Kubernetes control plane on this machine, with fake nodes (KWOK): built once, started in seconds.

`programs.py` builds, `control.py` starts and stops, `api.py` asks.  With `KUBECONFIG` set, tests that need
nothing but an API server and fake nodes use that cluster (`given.py`), and none is started for them.
"""

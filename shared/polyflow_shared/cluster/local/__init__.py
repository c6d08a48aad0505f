"""The parts that `../processes.py` is made of.

`program.py` (which processes, in which order), `container.py` (pure: words and environment), `sources.py`
(secrets and config maps), `folders.py`, `outputs.py` and `metrics.py` (files),
`follower.py` (news of files), `child.py` (one process group), `pod.py` (a pod), `ledger.py` and
`leftovers.py` (what survives the engine's death).
"""

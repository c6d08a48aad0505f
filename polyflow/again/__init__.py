"""Runs that come from runs: what they are made of; `../repeating.py` is where they are asked for.

`earlier.py` makes a request from that of an earlier run, `copying.py` brings the artifacts of one, and
`interrupted.py` says what goes on where an engine was killed.
"""

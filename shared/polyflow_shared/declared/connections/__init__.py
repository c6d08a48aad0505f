"""Connections: what an installation declares once and operations use by name.

`models.py` is what a catalogue's file may say, `catalogue.py` reads it, `pods.py` (pure) makes volumes,
mounts and variables of it.
"""

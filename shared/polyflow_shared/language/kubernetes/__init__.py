"""Kubernetes' own objects: their fields by a table, the check of plain values, classes for Python.

Start with `check.py`, which asks `table.py` for fields and `scalars.py` for single values.  `annotation.py`
makes types of fields in models of it, `objects.py` the classes.  The table is made from the models of
Kubernetes' Python client, which is not needed when polyflow runs.
"""

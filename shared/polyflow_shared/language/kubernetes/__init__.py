"""Kubernetes' own objects: their fields by a table, the check of plain values, classes for Python.

Start with `check.check`.  The table is made from the models of Kubernetes' Python client, which is not needed
when polyflow runs.
"""

"""What whoever runs an installation declares in files.

- `catalogues.py` reads them; `queues.py` and `connections/` say what stands in them.
"""

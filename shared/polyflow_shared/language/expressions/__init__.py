"""What stands in `{{ }}`, and conditions, which are expressions as well.

`names.py` has the values that they name; `templates.py` checks and renders texts that name a value, and asks
`sandbox.py`, which is jinja2's, about all others; `filters.py` has what those may do with values.  On both
stand `conditions.py` (whether something is run) and `pods.py` (templates in the parts of a pod).
"""

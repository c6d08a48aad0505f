"""The language as a JSON Schema, for editors: `specification.py` makes it of the models.

It adds the short forms of values (`forms.py`) and the models' rules (`rules.py`); `kubernetes.py` makes
definitions of Kubernetes' own objects.  Nothing here is imported by who runs or checks anything.
"""

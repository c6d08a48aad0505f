"""The language that pipelines are written in: text to models, and all that is wrong with a text.

Start with `models.py` (what may be written) and `codes.py` (what can be wrong).  `document.py` reads YAML and
JSON with positions, `schema.py` makes models of it, `values.py` has the types of inputs and outputs,
`templates.py` the `{{ }}`.  Everything here is pure; PyYAML and jinja2 are imported when first needed.
"""

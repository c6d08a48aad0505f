"""The language that pipelines are written in: text to models, and all that is wrong with a text.

Start with `models/` (what may be written) and `codes.py` (what can be wrong).  The other rooms, in the order
in which a text goes through them:

- Text: `document.py` reads YAML (`yaml_*.py`) and JSON (`json_text.py`) with positions; `spelling.py` knows
  how a value was written; `dialects/` turns older dialects into today's.
- Fields: `schema.py` makes models; `fields.py`, `locs.py` and `wording.py` say what is wrong in a user's
  words; `kubernetes/` has the parts that are Kubernetes' own; `json_schema.py` is the same for editors, with
  the short forms of values (`json_schema_forms.py`) and the models' rules (`json_schema_rules.py`).
- References: `references.py` (how they are written) and `sources.py` (what they lead to).
- Values: `values.py` and `coercions.py` (types), `validation.py` (rules), `spaces.py` (trials of a matrix),
  `templates.py`, `names.py`, `expressions.py` and `pod_templates.py` (the `{{ }}`), `conditions.py`, `pql.py`
  (queries over runs).
- Sense: `sanity.py`, `matrix_sanity.py`, `join_sanity.py` and `pod_sanity.py` find what can be read and never
  works.
- `findings.py`: what is wrong, and where; everything above yields findings.

Everything here is pure; PyYAML and jinja2 are imported when first needed.
"""

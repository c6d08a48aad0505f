"""The language that pipelines are written in: text to models, and all that is wrong with a text.

Start with `models/` (what may be written) and `codes.py` (what can be wrong).  What stands here beside the
rooms is what the rest of polyflow asks for by name; a room's first lines say what each of its modules does.
Each line knows those below it; the lint holds everyone to it, but for two knots that it names:

    sources.py                                      all documents of a specification, over its references
    dialects/   schema.py   sanity/   json_schema/  what is made of values and models
    fields/     spaces.py                           what is wrong with fields; the trials of a matrix
    models/                                         what may be written
    document.py   expressions/   values/            text, `{{ }}`, and typed values, each by itself
    text/   kubernetes/   references.py   pql.py    what these are made of
    findings.py                                     what is wrong, and where
    codes.py                                        what can be wrong

In the order in which a text goes through them:

- `document.py` reads a text with positions, by `text/` (JSON and YAML); `dialects/` turns older dialects into
  today's.
- `references.py` knows how references are written, `sources.py` collects what they lead to.
- `schema.py` makes `models/` of plain values, and `fields/` says what is wrong with them in a user's words;
  `kubernetes/` has the parts that are Kubernetes' own; `json_schema/` is the same for editors.
- `sanity/` finds what can be read and never works.
- `values/` has the types of inputs and outputs, `expressions/` the `{{ }}` and conditions, `spaces.py` the
  trials of a matrix, `pql.py` queries over runs.
- What is wrong is a finding (`findings.py`): its code, its place, and what to do about it.

Everything here is pure; PyYAML and jinja2 are imported when first needed.
"""

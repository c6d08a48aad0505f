"""YAML: `reading.py` makes plain values of a parser's events.

`scalars.py` says what an unquoted word means, `places.py` where things stand; `errors.py` and `levels.py`
(those of indentation) say what the parser could not read.
"""

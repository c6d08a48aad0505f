"""Rewriting a file in today's spelling, with its comments: what `polyflow migrate` does.

`rewriting.py` says what becomes of a text; `text_tree.py` keeps its comments, order and quoting, `layout.py`
its indents.
"""

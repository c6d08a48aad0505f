"""Inputs that nobody would write, by the hundred thousand: `python -m tests.fuzz --inputs N --seed S --minutes M`.

What an input must not do is in `judge`; where inputs come from is in `bytes_and_words` (changes of a text),
`structures` (changes of what a text says) and `families` (what is known to be hard, family by family).  A
failing input is made small and kept under `found/`; the tests replay all that is kept there.
"""

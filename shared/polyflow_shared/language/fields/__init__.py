"""What is wrong with single fields, in a user's words; `schema.py` above reads them.

`errors.py` makes findings of pydantic's errors: where each is says `locs.py`, what a value should be says
`wording.py`.
"""

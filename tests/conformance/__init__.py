"""How far polyflow agrees with a released reader of the language, over a corpus of real specifications.

The corpus is not part of this project: `make conformance CORPUS=DIR` says where it is.
"""

"""What is to be run, as it is found on this machine: read, put together, and looked at; nothing of it runs.

`collecting.py` gathers a file with what is laid over it and what it refers to, `loading.py` takes one that is
written in Python, and `checking.py` says what is wrong with any.
"""

"""What a user asks for, before it is an event.

`orders.py` makes the request for a pipeline of what is wanted, `uploads.py` brings files to a run, and
`ids.py` tells one request from another.
"""

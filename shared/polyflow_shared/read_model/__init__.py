"""The state that users ask for, projected from run events.  The engine never reads it.

Start in `port.py`; `views.py` is what is read, `changes.py` what is written, `forgetting.py` what is
removed, `sqlite.py` the adapter.
"""

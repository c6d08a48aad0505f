"""The loops that services run in, and the only places that react to errors.

- `service.py`: what all are made of: take, decode, act, send, commit.
- `decider.py`: partition by partition, with rows that `changelog.py` keeps and timers that `timers.py` fires.
- `stream_decider.py`: a decider on Faust; `effector.py`: records of different lanes at the same time.
"""

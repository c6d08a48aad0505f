"""The broker port and its adapters.  Start with `port.py`.

- `memory.py`, `kafka/`, `faust/`: the adapters; `journal.py` and `store.py` keep what the first one has.
- `codec.py`: messages to records and back; `partitioner.py`: which partition a key belongs to.
- `in_order.py`: up to where records were handled; `lag.py`: how far a consumer is behind.
- `security.py`: passwords and certificates; `access.py`: what each service must be allowed to do.
"""

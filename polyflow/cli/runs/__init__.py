"""Commands about runs that have begun.

- `listing.py`, `show.py`, `logs.py`, `events.py`, `explain.py`: what is known of them.
- `operating.py`, `upload.py`: what is asked of one that goes on.
- `queues.py`, `invalidate.py`: what they share: queues, and cached results.
- `removing.py`: what nobody wants any more.
- `replay.py`: the messages of one as a file, and today's planner on them.
"""

"""The simulator: the real services over a broker and a cluster that lose, double, delay and reorder.

One seed is one world: what users ask for, what fails and when, in virtual time.  Nothing in it waits, and the
same seed gives the same world.  The verifier (`tests/verifier`) judges what is left of it.

Start reading in `world.py`; `faults.py` says what can go wrong, `services.py` is all that is known of the
services, `bugs.py` has the planted bugs that must be found.
"""

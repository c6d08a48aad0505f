"""Where runs go on, and how one reaches them there: engines on this machine, services on Apache Kafka.

On this machine:

- `session.py`: one run in an engine of its own, and what other terminals may ask of it.
- `keeping.py`: the engines of one client.
- `interrupts.py`: what Ctrl-C does.

Wherever they go on:

- `kafka.py`: the services behind a broker: requests out, events in; imported when it is needed, for 90 ms.
- `asking.py`: to whom a request about a run goes, and what comes back.
- `following.py`: the events of a run that goes on elsewhere.
"""

"""A topic read through Faust, with a table whose rows are in a changelog.  Faust is imported here alone.

`stream.py` is where to start; `rows.py` has the table, `app.py` Faust as we set it up, `consumer.py` how it
reads.

Left to itself, Faust 0.15.3 loses records: it acknowledges one whose handler has raised, starts the agent
again behind it, and does not look at what became of the changelog's records.  So here a record is
acknowledged by hand, after its handler has returned; the first error ends the stream, and the agent is not
started again; and a row has changed when the broker has acknowledged it.

Around a rebalance it drops records that nobody may fetch again: what is in its queues when they are opened
a second time, and what was fetched before, which it even acknowledges (`Stream`: "Skipping message").  So
queues are opened once, and its consumer is told where to begin; should it pass over a record all the same,
the stream ends, and nothing is committed behind it.
"""

from polyflow_shared.broker.faust.rows import FaustRows
from polyflow_shared.broker.faust.stream import FaustStream

__all__ = ["FaustRows", "FaustStream"]

"""What is remembered of a run: rows, the statuses that may follow each other, and a run in mid-decision."""

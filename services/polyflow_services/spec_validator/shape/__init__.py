"""All operations of a specification: numbered over its DAGs, builds before them, matrices unrolled."""

"""What tells one request from another."""

from uuid import uuid4


def new_id() -> str:
    """Return an id for a request."""
    return str(uuid4())

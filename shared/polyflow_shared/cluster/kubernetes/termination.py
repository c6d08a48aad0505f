"""What a container's termination message says: small outputs, or just a word for the user.  Pure.

Kubernetes keeps up to 4 KiB of what a container has written to `/dev/termination-log`.
"""

import json
from typing import Any


def outputs_in(message: str) -> dict[str, Any]:
    """Return the outputs in a termination message: a JSON object of them by name.

    Any other text, such as the end of a log, has none.
    """
    try:
        read = json.loads(message)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}

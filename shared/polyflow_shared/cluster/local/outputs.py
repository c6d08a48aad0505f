"""The outputs that a process leaves behind: one JSON object in a file."""

import os
import stat

from polyflow_shared.stated import outputs
from polyflow_shared.stated.outputs import MAX_DEPTH, OutputsInvalidError
from polyflow_topics.catalog import MAX_OUTPUT_BYTES
from polyflow_topics.message import Values

__all__ = ["MAX_DEPTH", "OutputsInvalidError", "read_outputs"]


def read_outputs(path: str) -> Values:
    """Return the outputs in a file; none if there is no file.

    Raises:
        OutputsInvalidError: the file is too large, or holds no JSON object.
    """
    try:
        data = _read(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise OutputsInvalidError(f"the outputs cannot be read: {error.strerror}") from error
    return outputs.read_outputs(data)


def _read(path: str) -> bytes:
    # A pipe in the file's place must not block us.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OutputsInvalidError("the outputs are not in a regular file")
        if found.st_size > MAX_OUTPUT_BYTES:
            raise OutputsInvalidError(
                f"the outputs have {found.st_size} bytes, and {MAX_OUTPUT_BYTES} is the limit: "
                "write what is large to a file among the artifacts"
            )
        return os.read(descriptor, MAX_OUTPUT_BYTES)
    finally:
        os.close(descriptor)

"""The two functions, and the files that outputs and metrics go to where there is no gateway."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MAX_OUTPUT_BYTES = 64 * 1024
"""What all outputs of an operation may take, as JSON; larger things are files among the artifacts."""
MAX_MESSAGE_BYTES = 4096
"""What they may take where they leave the pod by its termination message, for there is no gateway."""
_TERMINATION_LOG = "/dev/termination-log"


def log_metrics(step: int | None = None, **values: Any) -> None:
    """Say what was measured, at once; what cannot be delivered is warned of once, and is no error.

    Args:
        step: where in the training it was measured: an epoch, a batch; any integer.
        values: numbers by the metric's name; NumPy's and other libraries' scalars are numbers too.

    Raises:
        TypeError: a value is no number, or the step no integer.
    """
    line = {
        "values": {name: _number(name, value) for name, value in values.items()},
        "step": None if step is None else _integer(step),
        "at": time.time(),
    }
    data = json.dumps(line).encode()
    path = os.environ.get("POLYFLOW_METRICS")
    if not values:
        return
    if os.environ.get("POLYFLOW_GATEWAY"):
        from polyflow.tracking import delivery  # noqa: PLC0415 -- on this machine nobody needs HTTP

        delivery.measure(data)
    elif path:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            # One write, so that the lines of several processes do not mix.
            os.write(descriptor, data + b"\n")
        finally:
            os.close(descriptor)


def log_outputs(**values: Any) -> None:
    """Set outputs of this operation; those of earlier calls stay unless they are set again.

    Downstream operations get them by `ref: ops.NAME`, once this operation has succeeded.

    Args:
        values: JSON values by the output's name; paths, and NumPy's scalars and arrays, are turned into such.

    Raises:
        TypeError: a value has no form in JSON. ValueError: a value is NaN or infinite, which JSON does not
        know, or all outputs together are too large. polyflow.gateway.NotDeliveredError: the gateway could not
        be given them. OSError: the pod's own folder cannot be used.
    """
    path = os.environ.get("POLYFLOW_OUTPUTS")
    if os.environ.get("POLYFLOW_GATEWAY"):
        from polyflow.tracking import delivery  # noqa: PLC0415 -- on this machine nobody needs HTTP

        delivery.current().state(values, _outputs)
        return
    if not path:
        _outputs(values)
        return
    with _alone(os.path.dirname(path)):
        data = _outputs({**_earlier(path), **values})
        if path == _TERMINATION_LOG:
            _leave(path, data)
            return
        fresh = f"{path}.new"
        with open(fresh, "wb") as file:
            file.write(data)
        os.replace(fresh, path)


def _leave(path: str, data: bytes) -> None:
    from polyflow.tracking.delivery import write_in_place  # noqa: PLC0415

    if len(data) > MAX_MESSAGE_BYTES:
        raise ValueError(
            f"the outputs have {len(data)} bytes, and without a gateway {MAX_MESSAGE_BYTES} is the limit: "
            "write what is large to a file in the folder $POLYFLOW_ARTIFACTS_PATH"
        )
    write_in_place(path, data)


def _number(name: str, value: Any) -> float:
    try:
        return float(value.item() if hasattr(value, "item") else _real(value))
    except (TypeError, ValueError, OverflowError) as error:
        raise TypeError(f"metric {name!r} is no number: {value!r}") from error


def _real(value: Any) -> Any:
    if isinstance(value, str | bytes):  # float() would read them
        raise TypeError("text")
    return value


def _integer(step: Any) -> int:
    plain = step.item() if hasattr(step, "item") else step
    if not isinstance(plain, int):
        raise TypeError(f"the step is no integer: {step!r}")
    return int(plain)


def _outputs(values: dict[str, Any]) -> bytes:
    try:
        data = json.dumps(values, allow_nan=False, default=_plain).encode()
    except ValueError as error:
        raise ValueError(f"outputs cannot be written as JSON: {error}") from error
    if len(data) > MAX_OUTPUT_BYTES:
        raise ValueError(
            f"the outputs have {len(data)} bytes, and {MAX_OUTPUT_BYTES} is the limit: "
            "write what is large to a file in the folder $POLYFLOW_ARTIFACTS_PATH"
        )
    return data


def _plain(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"an output of type {type(value).__name__} has no form in JSON: {value!r}")


def _earlier(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            earlier: dict[str, Any] = json.load(file)
    except FileNotFoundError:
        return {}
    except ValueError:
        if os.path.getsize(path):
            raise
        return {}  # a termination message that nobody has written yet
    return earlier


@contextmanager
def _alone(folder: str) -> Iterator[None]:
    """Keep out other threads and processes of this operation that set outputs."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)

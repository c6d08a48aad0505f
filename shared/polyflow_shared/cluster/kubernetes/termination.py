"""What a container's termination message says: outputs, what was acknowledged to it, or a word for the user.

Kubernetes keeps up to 4 KiB of what a container has written to `/dev/termination-log`; where a container that
has failed wrote nothing, the end of its log stands there.  Three forms, pure:

* `{"polyflow": 1, "outputs": {…}, "acknowledged": {"outputs": 3, "metrics": 12}}`, by `polyflow.tracking`;
  outputs only where all fit;
* a JSON object of outputs by name, by any other program;
* any other text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from polyflow_shared.outputs import OutputsInvalidError, read_outputs
from polyflow_topics.message import Values

MARK: Final = "polyflow"
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class LastWord:
    """What a termination message says.

    Attributes:
        outputs: what it carries.
        awaited: the number of the last statement of outputs that was acknowledged, where the message does not
            carry them all; 0 otherwise.
        metrics: measurements that were acknowledged.
        text: for the user, where it is nothing else.
    """

    outputs: Values = field(default_factory=dict)
    awaited: int = 0
    metrics: int = 0
    text: str = ""


def last_word(message: str, *, failed: bool = False) -> LastWord:
    """Return what a termination message says; one that cannot be understood is a text for the user.

    Args:
        message: the text.
        failed: whether the container has failed: a JSON object without our mark may be the end of its log.
    """
    try:
        said = read_outputs(message)
    except OutputsInvalidError:
        return LastWord(text=message)
    if MARK not in said:
        return LastWord(text=message) if failed else LastWord(outputs=said)
    return _ours(said, message)


def _ours(said: Mapping[str, Any], message: str) -> LastWord:
    if said[MARK] != VERSION:
        # An output of that name, or a version that this release does not know.
        return LastWord(outputs=dict(said)) if "acknowledged" not in said else LastWord(text=message)
    counts = said.get("acknowledged")
    counts = counts if isinstance(counts, dict) else {}
    outputs = said.get("outputs")
    whole = isinstance(outputs, dict)
    return LastWord(
        outputs=outputs if isinstance(outputs, dict) else {},
        awaited=0 if whole else _count(counts.get("outputs")),
        metrics=_count(counts.get("metrics")),
    )


def _count(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 2**53 else 0

"""What a container's termination message says: outputs, what was acknowledged to it, or a word for the user.

Kubernetes keeps up to 4 KiB of what a container has written to `/dev/termination-log`; where a container that
has failed wrote nothing, the end of its log stands there.  Of one that ended with 0 it is what the program
wrote to `$POLYFLOW_OUTPUTS`, and nothing else.  Three forms, pure:

* `{"polyflow": 1, "outputs": {…}, "acknowledged": {"outputs": 3, "metrics": 12}}`, by `polyflow.tracking`;
  outputs only where all fit;
* a JSON object of outputs by name, by any other program;
* any other text: a word for the user from a container that has failed, and no outputs from any other, as on
  this machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from polyflow_shared.stated.outputs import OutputsInvalidError, read_outputs
from polyflow_topics.message import Values

MARK: Final = "polyflow"
VERSION: Final = 1
_OURS: Final = frozenset({"outputs", "acknowledged"})
"""What stands beside the mark; without any of it the mark is an output of that name."""
KEPT_BYTES: Final = 4096
"""What the kubelet keeps of a message at most; of more it keeps the end.  A pod of more than three containers
has 12 KiB for all of them together."""
_INSTEAD: Final = (
    "write one JSON object to $POLYFLOW_OUTPUTS (/dev/termination-log) and nothing else; more than 4 KiB "
    "goes to the gateway, with polyflow.tracking or curl, or to a file among the artifacts"
)
_LATER: Final = (
    "the outputs were written by a release of polyflow.tracking that is later than the status watcher's: "
    "upgrade the services first"
)


@dataclass(frozen=True, slots=True)
class LastWord:
    """What a termination message says.

    Attributes:
        outputs: what it carries.
        awaited: the number of the last statement of outputs that was acknowledged, where the message does not
            carry them all; 0 otherwise.
        text: of one that has failed, a word for the user, where it is nothing else.
        invalid: why these are no outputs, and what to do instead; empty where they are, or where nothing is
            said.
    """

    outputs: Values = field(default_factory=dict)
    awaited: int = 0
    text: str = ""
    invalid: str = ""


def last_word(message: str, *, failed: bool = False) -> LastWord:
    """Return what a termination message says.

    Args:
        message: the text.
        failed: whether the container has failed: a JSON object without our mark may be the end of its log.
    """
    if not message:
        return LastWord()
    try:
        said = read_outputs(message)
    except OutputsInvalidError as error:
        return LastWord(text=message) if failed else _no_outputs(message, str(error))
    if MARK not in said or not _OURS & said.keys():
        return LastWord(text=message) if failed else LastWord(outputs=said)
    return _ours(said)


def _no_outputs(message: str, error: str) -> LastWord:
    cut = len(message.encode(errors="replace")) >= KEPT_BYTES
    what = "the outputs are larger than 4 KiB, and Kubernetes has cut them" if cut else error
    return LastWord(invalid=f"{what}: {_INSTEAD}")


def _ours(said: Mapping[str, Any]) -> LastWord:
    if said[MARK] != VERSION:
        # An output of that name, or a version that this release does not know.
        return LastWord(invalid=_LATER) if "acknowledged" in said else LastWord(outputs=dict(said))
    counts = said.get("acknowledged")
    counts = counts if isinstance(counts, dict) else {}
    outputs = said.get("outputs")
    whole = isinstance(outputs, dict)
    return LastWord(
        outputs=outputs if isinstance(outputs, dict) else {},
        awaited=0 if whole else _count(counts.get("outputs")),
    )


def _count(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 2**53 else 0

"""The identifiers that messages carry, as types of their own so that two strings cannot be swapped."""

import re
from hashlib import sha256
from typing import Annotated, Final, NewType
from uuid import UUID, uuid5

from pydantic import AfterValidator

RunId = NewType("RunId", str)
"""The run's UUID in its canonical form, 36 characters."""

OperationName = NewType("OperationName", str)
"""The operation's scoped name: names from the run's root downwards, joined by dots (`train.fold-1`)."""

ScopeName = NewType("ScopeName", str)
"""The scoped name of the DAG operation that opens the scope; empty for the run's root."""

ClusterName = NewType("ClusterName", str)
"""The name of a cluster, which is served by one pod launcher and one status watcher; default `local`."""

PodName = NewType("PodName", str)
"""The one name that the pod of (run, operation, attempt) can have; at most 63 characters."""

THE_RUN: Final = -1
"""The number that stands for the run itself, where else that of an operation stands."""

REASON: Final = "^[A-Z][A-Za-z0-9]{0,63}$"
"""What a reason looks like: a word in CamelCase, as Kubernetes' are, short enough for every row and label."""

INSTALLATION: Final = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
"""What the name of an installation looks like: labels of pods have it."""

_REQUESTS = UUID("6f1d2f5e-8c1a-5b0e-9a52-7d0c6f2b3a10")
_RUN: Final = "[0-9A-Za-z_-]{1,64}"
"""Keys of rows begin with a run's id and a slash."""
_REQUEST_CHARACTERS: Final = 200


def _sent_run(run: RunId) -> RunId:
    if not re.fullmatch(_RUN, run):
        raise ValueError(f"{run[:64]!r} is the id of no run: they are UUIDs")
    return run


def request_id(text: str) -> str:
    """Return the id of a request about a run, which is remembered with the run.

    Raises:
        ValueError: it is too long for that.
    """
    if len(text) > _REQUEST_CHARACTERS:
        raise ValueError(
            f"the id of the request has {len(text)} characters, and {_REQUEST_CHARACTERS} are the most: "
            "give it a shorter one in its field `request`"
        )
    return text


SentRunId = Annotated[RunId, AfterValidator(_sent_run)]
"""A run's id as somebody sends it, who may send anything."""
SentRequestId = Annotated[str, AfterValidator(request_id)]
"""A request's id, likewise: at most 200 characters."""


def reason_of(text: str) -> str:
    """Return why somebody wants something, in a word.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch(REASON, text):
        raise ValueError(f"{text!r} is no word in CamelCase: letters and digits, at most 64, such as TooSlow")
    return text


def run_id(source: str, request_id: str) -> RunId:
    """Return the run that a request makes: UUIDv5 of the CloudEvent's `source` and `id`.

    CloudEvents 1.0 §3.1.1: a producer must ensure that source + id is unique for each distinct event.
    So the same request, however often it is delivered, names the same run.
    """
    return RunId(str(uuid5(_REQUESTS, f"{source}\n{request_id}")))


def operation_id(run: RunId, operation: str) -> str:
    """Return the UUID by which queries and refs know an operation: UUIDv5 of its run and scoped name."""
    return str(uuid5(_REQUESTS, f"{run}\n{operation}"))


def project_id(owner: str, project: str) -> str:
    """Return the UUID of an owner's project: UUIDv5 of both names."""
    return str(uuid5(_REQUESTS, f"{owner}.{project}"))


def pod_name(run: RunId, index: int, attempt: int) -> PodName:
    """Return the name of the pod for one attempt, so that a second request finds the first pod.

    Args:
        run: the run's id.
        index: the operation's number in the run's plan (>= 0).
        attempt: counts from 0.
    """
    return PodName(f"pf-{run.replace('-', '')}-{index}-{attempt}")


def installation_of(prefix: str) -> str:
    """Return what an installation is called that is given no name: another one for each prefix.

    Args:
        prefix: what is written before the names of its topics; may be empty.
    """
    name = f"polyflow-{prefix}" if prefix else "polyflow"
    if re.fullmatch(INSTALLATION, name):
        return name
    digest = sha256(prefix.encode()).hexdigest()[:8]
    return f"{re.sub('[^a-z0-9]+', '-', name.lower())[:54].rstrip('-')}-{digest}"

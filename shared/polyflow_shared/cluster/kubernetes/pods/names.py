"""What our pods are called and marked with.  Pure; everyone who makes or reads pods uses these words."""

import re
from hashlib import sha256
from typing import Final
from zlib import crc32

from polyflow_topics import pods

RUN: Final = "polyflow.io/run"
INDEX: Final = "polyflow.io/index"
ATTEMPT: Final = "polyflow.io/attempt"
PROJECT: Final = "polyflow.io/project"
OWNER: Final = "polyflow.io/owner"
INSTALLATION: Final = "polyflow.io/installation"
"""The label that tells our pods from those of another installation on the same cluster."""
TRACKED: Final = "polyflow.io/tracked"
"""A label, and the finalizer that holds a pod until its end is saved."""
YES: Final = "true"
"""The label's value while a pod is followed."""
RELEASED: Final = "released"
"""Its value once the pod's end is saved."""
HELD: Final = "held"
"""Its value once the end is saved of a pod that would vanish without its finalizer."""
EXPIRES: Final = "polyflow.io/expires"
"""The label that says from which minute on, counted from 1970, a released pod is removed."""
STOP_REASON: Final = "polyflow.io/stop-reason"
"""The annotation that says that we have stopped a pod, and why."""
REFUSAL: Final = "polyflow.io/refusal"
"""The annotation with the message of a failure for which we have stopped a pod: what it needs was refused."""
OPERATION: Final = "polyflow.io/operation"
"""The annotation with an operation's scoped name, which may be too long for a label."""
TTL: Final = "polyflow.io/ttl-seconds"
"""The annotation that says how long an ended pod is kept, where its specification does."""
PORTS: Final = "polyflow.io/ports"
"""The annotation that says that a pod is a service, and on which ports it answers."""
SHARD: Final = "polyflow.io/shard"
"""The label by which several status watchers share the pods of a cluster."""
SHARDS: Final = 16
"""Shards that there are, numbered from 0."""
MANAGED_BY: Final = "app.kubernetes.io/managed-by"
MAIN: Final = pods.MAIN
"""The name of the user's container."""

_LABEL: Final = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_KEPT: Final = 54
"""Characters that leave room for a dash and the digits."""


def shard_of(name: str) -> int:
    """Return the shard of the pod of this name (0 to `SHARDS` - 1); pods spread evenly."""
    return crc32(name.encode()) % SHARDS


def label_value(text: str) -> str:
    """Return a text as the value of a label: itself where Kubernetes allows it.

    Another text loses what is not allowed and gets eight digits of its hash, so that two stay apart.
    """
    if _LABEL.fullmatch(text):
        return text
    digest = sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{_UNSAFE.sub('-', text)[:_KEPT].strip('-_.')}-{digest}".lstrip("-")

"""Where an operation runs: the cluster and the queue that `queue:` names."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from polyflow_shared.declared import queues
from polyflow_shared.declared.queues import Queue, Queues
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Nearest
from polyflow_topics.names import ClusterName
from polyflow_topics.pods import PodParts

LOCAL: Final = ClusterName(queues.LOCAL)
KUEUE: Final = "kueue.x-k8s.io/queue-name"
"""The label by which Kueue admits a pod.  Source: kueue.sigs.k8s.io, "Run plain pods"."""

_NO_QUEUES: Final = (
    "no queues are declared; on this machine `$POLYFLOW_HOME/queues.yaml` declares them, and elsewhere the "
    "file that `POLYFLOW_QUEUES` names"
)
_QUEUE: Final = re.compile(r"(?:(?P<cluster>[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)/)?(?P<name>[-a-zA-Z0-9_.]+)")


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an operation runs.

    Attributes:
        cluster: the cluster.
        queue: the queue of the catalogue, if it names one.
    """

    cluster: ClusterName = LOCAL
    queue: Queue | None = None


def placed(text: str | None, queues: Queues, project: str, clusters: frozenset[str]) -> Placed | Finding:
    """Return where an operation runs, or why that cannot be, without a path.

    Args:
        text: `CLUSTER`, `QUEUE` or `CLUSTER/QUEUE`; None where nothing is said.
        queues: those of the installation.
        project: of the request.
        clusters: names of the clusters that there are.
    """
    if text is None:
        return Placed()
    match = _QUEUE.fullmatch(text)
    cluster, name = (match["cluster"], match["name"]) if match else (None, text)
    if cluster is None and name not in queues.queues:
        return Placed(ClusterName(name)) if name in clusters else _neither(name, clusters, queues)
    if cluster is not None and cluster not in clusters:
        return _no_cluster(cluster, clusters)
    return _in_catalogue(cluster, name, queues, project, clusters)


def _in_catalogue(
    cluster: str | None, name: str, queues: Queues, project: str, clusters: frozenset[str]
) -> Placed | Finding:
    if not queues.queues:
        return Placed(ClusterName(cluster or LOCAL))
    queue = queues.find(name, project)
    if isinstance(queue, Finding):
        return queue
    where = queue.cluster or cluster or LOCAL
    if cluster not in (None, where):
        message = f"the queue `{name}` is on the cluster `{where}`, not on `{cluster}`"
        return Finding(Code.UNKNOWN_CLUSTER, message)
    return Placed(ClusterName(where), queue) if where in clusters else _no_cluster(where, clusters)


def in_queue(parts: PodParts | None, queue: Queue | None) -> PodParts | None:
    """Return the parts of a pod with what its queue adds: a namespace, and the label for Kueue."""
    if queue is None or not (queue.namespace or queue.kueue):
        return parts
    own = parts or PodParts()
    labels = {**own.labels, KUEUE: queue.kueue} if queue.kueue else own.labels
    return own.model_copy(update={"namespace": own.namespace or queue.namespace or "", "labels": labels})


def _neither(name: str, clusters: Collection[str], queues: Queues) -> Finding:
    hint: str | Nearest = Nearest(name, [*clusters, *queues.queues])
    if not queues.queues and not str(hint):
        hint = _NO_QUEUES
    return Finding(Code.UNKNOWN_CLUSTER, f"there is no queue or cluster `{name}`", hint=hint)


def _no_cluster(name: str, clusters: Collection[str]) -> Finding:
    message = f"there is no cluster `{name}`; a queue is `CLUSTER`, `QUEUE` or `CLUSTER/QUEUE`"
    return Finding(Code.UNKNOWN_CLUSTER, message, hint=Nearest(name, clusters))

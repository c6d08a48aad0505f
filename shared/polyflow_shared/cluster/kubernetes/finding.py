"""One pod by its name, whichever of the namespaces it is in, and how one stands.

Who may create pods can give them our labels, or copy one with them: these are left out, and told.
"""

from collections.abc import Sequence
from typing import Final

from polyflow_shared.cluster.kubernetes.client import Client, Object, RefusedError, Turn
from polyflow_shared.cluster.kubernetes.place import Place
from polyflow_shared.cluster.kubernetes.pods import objects
from polyflow_shared.cluster.kubernetes.shapes import a_pod
from polyflow_shared.cluster.port import PodReport
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_shared.observing.logs import Log
from polyflow_topics.names import PodName

FOREIGN: Final = "it has labels of polyflow, and is none of its pods: a copy, or its labels were changed"


async def find(client: Client, place: Place, name: PodName, *, hurried: bool = True) -> Object | None:
    """Return a pod, or None if there is none.

    A namespace that we may not look in hides no pod of the others.

    Args:
        client: asks the API server.
        place: where it may be.
        name: its name.
        hurried: whether anything waits for the answer.

    Raises:
        ClusterUnavailableError: it is not known.
    """
    refused: RefusedError | None = None
    for namespace in place.namespaces:
        path = f"{objects.collection(namespace)}/{name}"
        try:
            return a_pod(await client.get(path, turn=Turn(objects.run_in(name), hurried)))
        except RefusedError as error:
            if not error.missing:
                refused = error
    if refused is not None:
        raise unexpected(refused) from refused
    return None


def told_of(pod: Object, log: Log, events: Sequence[Object] = ()) -> PodReport | None:
    """Return how a pod stands; None, and a warning, where it is none of ours.

    Args:
        pod: an object with our labels.
        log: for the warning.
        events: what the cluster has said about it, where that was asked for.
    """
    report = objects.report_of(pod, events)
    if report is None:
        metadata = pod["metadata"]
        log.warning("foreign_pod", namespace=metadata.get("namespace"), pod=metadata["name"], error=FOREIGN)
    return report


def unexpected(error: RefusedError) -> ClusterUnavailableError:
    """Return what to raise where the API server refuses what it should not: rights may be mended."""
    return ClusterUnavailableError(f"the API server refuses: {error}")

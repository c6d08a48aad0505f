"""One pod by its name, whichever of the namespaces it is in."""

from polyflow_shared.cluster.kubernetes import objects
from polyflow_shared.cluster.kubernetes.client import Client, Object, RefusedError, Turn
from polyflow_shared.cluster.kubernetes.place import Place
from polyflow_shared.errors import ClusterUnavailableError
from polyflow_topics.names import PodName


async def find(client: Client, place: Place, name: PodName, *, hurried: bool = True) -> Object | None:
    """Return a pod, or None if there is none.

    Args:
        client: asks the API server.
        place: where it may be.
        name: its name.
        hurried: whether anything waits for the answer.

    Raises:
        ClusterUnavailableError: it is not known.
    """
    for namespace in place.namespaces:
        path = f"{objects.collection(namespace)}/{name}"
        try:
            return await client.get(path, turn=Turn(objects.run_in(name), hurried))
        except RefusedError as error:
            if not error.missing:
                raise unexpected(error) from error
    return None


def unexpected(error: RefusedError) -> ClusterUnavailableError:
    """Return what to raise where the API server refuses what it should not: rights may be mended."""
    return ClusterUnavailableError(f"the API server refuses: {error}")

"""I7, over all runs: no more pods live at once than the limits of queues and of the installation allow."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tests.verifier.facts import Facts
from tests.verifier.log import PodLife
from tests.verifier.violation import Limits, Violation


def limits_kept(facts: Facts, pods: Mapping[str, Sequence[PodLife]], limits: Limits) -> Iterator[Violation]:
    """I7: of the operations that ask admission, by queue and in all.

    Of a pod whose end is not known nothing follows: it may have been gone before its object was.
    """
    by_queue: dict[str, list[PodLife]] = defaultdict(list)
    for lives in pods.values():
        for pod in lives:
            queue = facts.of(pod.run).queue_of(pod.index)
            if queue is not None and pod.ended is not None:
                by_queue[queue].append(pod)
    for queue, limit in limits.queues.items():
        yield from _in_limit(facts, by_queue[queue], limit, f"of queue {queue!r}")
    if limits.operations is not None:
        together = [pod for some in by_queue.values() for pod in some]
        yield from _in_limit(facts, together, limits.operations, "of all queues")


def _in_limit(facts: Facts, pods: Sequence[PodLife], limit: int, what: str) -> Iterator[Violation]:
    # Pods that end before the next begins, at the same moment, are not at work together.
    begins = [(pod.created, 1, pod) for pod in pods]
    ends = [(pod.ended, -1, pod) for pod in pods if pod.ended is not None]
    live = 0
    for _, change, pod in sorted([*begins, *ends], key=lambda one: one[:2]):
        live += change
        if live > limit:
            name = facts.of(pod.run).name_of(pod.index)
            yield Violation("I7", pod.run, name, [], f"{live} pods {what} live at once; the limit is {limit}")
            return

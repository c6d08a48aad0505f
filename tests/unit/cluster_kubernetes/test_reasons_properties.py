"""Whatever an object is like, how its pod stands can be told."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow_shared.cluster.kubernetes.pods.failures.catalog import REASONS
from polyflow_shared.cluster.kubernetes.pods.reasons import rejection, standing
from polyflow_topics.status import PodStatus

ALLOWED = {PodStatus.RUNNING, PodStatus.SUCCEEDED, PodStatus.FAILED, PodStatus.STOPPED, PodStatus.LOST}
WORDS = [
    *REASONS, "Terminated", "Preempting", "Completed", "ErrImagePull", "Killing", "NodeNotReady", "Unhealthy",
    "PreemptionByScheduler", "DeletionByTaintManager", "DeletionByPodGC", "TerminationByKubelet",
]  # fmt: skip
TIMES = ["2026-11-21T10:00:00Z", "2026-11-21T10:00:05.123456Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2026-11-21", "now"]  # fmt: skip
MESSAGES = [
    'exec: "x": permission denied', "0/3 nodes are available: 3 Insufficient cpu.", 'secret "s" not found', "Pod was rejected: no",
    "Container main failed liveness probe", "The node was low on resource: pids.", 'Failed to pull image "i": not found', "{0} {1!r} {",
]  # fmt: skip

junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
broken = st.recursive(junk, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2), max_leaves=4)  # fmt: skip


def maybe(strategy):
    """Mostly what is expected, at times anything."""
    return st.one_of(strategy, strategy, strategy, broken)


def objects(**fields):
    return maybe(st.fixed_dictionaries({}, optional=fields))


def lists(strategy):
    return maybe(st.lists(strategy, max_size=3))


names = maybe(st.sampled_from(["main", "fetch", "proxy"]))
words = maybe(st.sampled_from(WORDS))
texts = maybe(st.sampled_from(MESSAGES))
times = maybe(st.sampled_from(TIMES))
whole = maybe(st.sampled_from([0, 1, 30, 137, 143, 255, 2**63]))
terminated = objects(exitCode=whole, reason=words, message=texts, finishedAt=times, signal=whole)
states = objects(
    waiting=objects(reason=words, message=texts), running=objects(startedAt=times), terminated=terminated
)
statuses = lists(objects(name=names, state=states, lastState=states, image=texts))
specs = lists(
    objects(
        name=names,
        image=texts,
        restartPolicy=st.just("Always"),
        resources=objects(limits=objects(memory=texts)),
    )
)
conditions = lists(objects(type=maybe(st.sampled_from(["DisruptionTarget", "PodScheduled", "Ready"])), status=maybe(st.sampled_from(["True", "False"])), reason=words, message=texts, lastTransitionTime=times))  # fmt: skip
pods = objects(
    metadata=objects(
        uid=st.just("u"),
        creationTimestamp=times,
        deletionTimestamp=times,
        deletionGracePeriodSeconds=whole,
        annotations=objects(**{"polyflow.io/stop-reason": words}),
    ),
    spec=objects(nodeName=names, containers=specs, initContainers=specs, activeDeadlineSeconds=whole),
    status=objects(
        phase=maybe(st.sampled_from(["Pending", "Running", "Succeeded", "Failed", "Unknown"])),
        reason=words,
        message=texts,
        startTime=times,
        conditions=conditions,
        containerStatuses=statuses,
        initContainerStatuses=statuses,
    ),
)
events = lists(
    objects(reason=words, message=texts, note=texts, type=maybe(st.just("Warning")), lastTimestamp=times, series=objects(lastObservedTime=times), regarding=objects(uid=names))
)  # fmt: skip


@settings(deadline=None)
@given(pods, events)
def test_every_object_says_how_its_pod_stands(pod, said):
    now = standing(pod, said)
    assert now.status in ALLOWED
    assert isinstance(now.at, datetime)
    assert now.at.tzinfo is not None
    assert now.reason in REASONS or now.status is PodStatus.STOPPED or not now.reason


@settings(deadline=None)
@given(pods, events)
def test_an_end_other_than_success_has_a_reason_and_a_message(pod, said):
    now = standing(pod, said)
    if now.status in ALLOWED - {PodStatus.RUNNING, PodStatus.SUCCEEDED}:
        assert now.reason
        assert now.message
        assert not now.waiting
    else:
        assert not now.message
        assert bool(now.waiting) == bool(now.reason)


@settings(deadline=None)
@given(pods, events)
def test_a_main_container_that_has_ended_has_ended_its_pod(pod, said):
    main = {"name": "main", "state": {"terminated": {"exitCode": 0, "finishedAt": TIMES[0]}}}
    whole_pod = {"metadata": {}, "spec": {}, "status": {"containerStatuses": [main], "phase": "Running"}}
    if isinstance(pod, dict):
        whole_pod["metadata"] = pod.get("metadata")
    assert standing(whole_pod, said).status is not PodStatus.RUNNING


@settings(deadline=None)
@given(pods, events, st.permutations(range(3)))
def test_the_order_of_events_does_not_matter(pod, said, order):
    if not isinstance(said, list) or len({str(one) for one in said}) < 3:
        return
    dated = [
        {**one, "lastTimestamp": f"2026-11-21T10:00:0{at}Z", "series": {}}
        for at, one in enumerate(said)
        if isinstance(one, dict)
    ]
    if len(dated) == 3:
        assert standing(pod, dated) == standing(pod, [dated[at] for at in order])


@settings(deadline=None)
@given(
    st.integers(400, 599),
    objects(message=texts, details=objects(causes=lists(objects(field=texts, message=texts)))),
)
def test_every_refusal_has_a_reason_and_a_message(status, body):
    refusal = rejection(status, body if isinstance(body, dict) else {})
    assert refusal.reason in REASONS
    assert refusal.message


def test_a_time_without_a_zone_is_that_of_greenwich():
    pod = {"metadata": {"creationTimestamp": "2026-11-21T10:00:00"}}
    assert standing(pod).at == datetime(2026, 11, 21, 10, tzinfo=UTC)

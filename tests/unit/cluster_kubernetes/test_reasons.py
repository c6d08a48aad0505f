"""How pods end by themselves, and why, as a table; the texts are those of Kubernetes 1.36 and containerd 2.2."""

import pytest

from polyflow_shared.cluster.kubernetes.pods.reasons import standing
from polyflow_topics.status import PodStatus
from tests.unit.cluster_kubernetes.cases import Case
from tests.unit.cluster_kubernetes.pods import (
    CREATED,
    DELETED,
    ENDED,
    STARTED,
    container,
    deleted,
    disrupted,
    ended,
    event,
    failed,
    limits,
    new_event,
    pending,
    pod,
    runs,
    sidecar,
    unplaced,
    waits,
)

RUNC = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    "unable to start container process: error during container init: "
)
EARLY = "2026-11-21T10:00:10Z"
FETCH = [container("fetch", resources=limits(memory="64Mi"))]
BIG = [container(resources=limits(memory="1Gi"))]


CASES = {
    "an exit code is told with the end of the log": Case(
        failed(main=ended(3, message="Traceback: no such column")),
        "Error",
        "the main container: exit code 3; read the end of its log\nit says at its end:\nTraceback: no such column",
        code=3,
    ),
    "127 is what a shell says of a missing command": Case(
        failed(main=ended(127)), "Error", "exit code 127 (a command was not found)", code=127
    ),
    "126 is what a shell says of a command that may not be executed": Case(
        failed(main=ended(126)), "Error", "126 (a command could not be executed)", code=126
    ),
    "137 without Kubernetes' word for it may be memory all the same": Case(
        failed(main=ended(137)), "Error", "137 (killed by SIGKILL, which polyflow did not send: perhaps for its memory)", code=137
    ),
    "139 is a segmentation fault": Case(failed(main=ended(139)), "Error", "139 (ended by SIGSEGV", code=139),
    "135 may be too small a /dev/shm": Case(failed(main=ended(135)), "Error", "SIGBUS: perhaps `/dev/shm` is too small", code=135),
    "143 that nobody asked for": Case(
        failed(main=ended(143)), "Error", "143 (ended by SIGTERM, which polyflow did not send)", code=143
    ),
    "any other code over 128 names its signal": Case(failed(main=ended(134)), "Error", "134 (ended by SIGABRT)", code=134),
    "255 is no signal": Case(failed(main=ended(255)), "Error", "exit code 255;", code=255),
    "a runtime that tells the signal is believed": Case(
        failed(main=ended(137, signal=9)), "Error", "the main container: ended by SIGKILL; read", code=137
    ),
    "an end without an exit code is a failure": Case(
        failed(main={"terminated": {"reason": "Error"}}), "Error", "it ended without an exit code"
    ),
    "outputs in the termination message are no last words": Case(
        failed(main=ended(1, message='{"polyflow": 1, "outputs": {"loss": 2}}')), "Error", "exit code 1; read the end of its log", code=1
    ),
    "a log that ends with JSON is": Case(failed(main=ended(1, message='{"loss": 2}')), "Error", '{"loss": 2}', code=1),
    "memory over the limit": Case(
        failed(main=ended(137, "OOMKilled"), containers=BIG),
        "OOMKilled",
        "the main container used more memory than its limit of 1Gi and was killed; raise its `resources.limits.memory`",
        code=137,
    ),
    "memory without a limit": Case(
        failed(main=ended(137, "OOMKilled")), "OOMKilled", "more memory than there was and was killed; give it", code=137
    ),
    "a child process was killed for memory": Case(
        failed(main=ended(1, "OOMKilled"), containers=BIG), "OOMKilled", "a process of it was killed, and it ended with exit code 1", code=1
    ),
    "an init container's memory": Case(
        failed(init=FETCH, others={"fetch": ended(137, "OOMKilled")}, main=waits("PodInitializing")),
        "OOMKilled",
        "the init container fetch used more memory than its limit of 64Mi",
    ),
    "a sidecar's memory, which kept the main container from starting": Case(
        failed(init=[sidecar("proxy")], others={"proxy": ended(137, "OOMKilled")}, main=waits("PodInitializing")),
        "OOMKilled",
        "the sidecar proxy used more memory than there was",
    ),
    "an init container failed": Case(
        failed(init=FETCH, others={"fetch": ended(2, message="404 Not Found")}, main=waits("PodInitializing")),
        "InitContainerFailed",
        "the init container fetch: exit code 2; read that container's log\nit says at its end:\n404 Not Found",
    ),
    "the command is not in the image": Case(
        failed(main=ended(128, "StartError", RUNC + 'exec: "trian": executable file not found in $PATH: unknown')),
        "StartError",
        "the main container could not be started: command 'trian' is not in image registry.example.com/train:1; correct `command`",
        code=128,
    ),
    "the command's interpreter is not in the image": Case(
        failed(main=ended(128, "StartError", RUNC + 'exec: "/run.sh": stat /run.sh: no such file or directory: unknown')),
        "StartError",
        "command '/run.sh', or its interpreter, is not in image",
        code=128,
    ),
    "the command may not be executed": Case(
        failed(main=ended(128, "StartError", RUNC + 'exec: "/run.sh": permission denied: unknown')),
        "StartError",
        "command '/run.sh' in image registry.example.com/train:1 may not be executed",
        code=128,
    ),
    "the working directory is not there": Case(
        failed(main=ended(128, "StartError", RUNC + 'chdir to cwd ("/data") set in config.json failed: no such file or directory')),
        "StartError",
        "its working directory '/data' is not there",
        code=128,
    ),
    "Docker's word for a container that cannot be started": Case(
        failed(main=ended(127, "ContainerCannotRun", RUNC + "something rare")),
        "StartError",
        "could not be started: something rare; correct",
        code=127,
    ),
    "an init container's command is not in its image": Case(
        failed(init=FETCH, others={"fetch": ended(128, "StartError", RUNC + 'exec: "git": executable file not found in $PATH')}),
        "StartError",
        "the init container fetch could not be started: command 'git' is not in image",
    ),
    "a liveness probe failed": Case(
        failed(main=ended(137)),
        "ProbeFailed",
        "the main container was killed because its liveness probe failed: HTTP probe failed with statuscode: 500; correct",
        code=137,
        events=(
            event("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500", EARLY),
            event("Killing", "Container main failed liveness probe", DELETED, kind="Normal"),
        ),
    ),
    "a startup probe failed, said in an event of the new kind": Case(
        failed(main=ended(143)),
        "ProbeFailed",
        "its startup probe failed; correct the probe",
        code=143,
        events=(new_event("Killing", "Container main failed startup probe", DELETED, kind="Normal"),),
    ),
    "a liveness probe failed, and its death was not told": Case(
        failed(main=ended(137)),
        "ProbeFailed",
        "its liveness probe failed: connection refused; correct the probe",
        code=137,
        events=(event("Unhealthy", "Liveness probe failed: connection refused"),),
    ),
    "a probe failed once, and then the program by itself": Case(
        failed(main=ended(1)), "Error", "exit code 1", code=1, events=(event("Unhealthy", "Liveness probe failed: connection refused"),)
    ),
    "a readiness probe kills nobody": Case(
        failed(main=ended(137)), "Error", "SIGKILL", code=137, events=(event("Unhealthy", "Readiness probe failed: not yet"),)
    ),
    "a sidecar's probe says nothing of the main container": Case(
        failed(main=ended(137)),
        "Error",
        "SIGKILL",
        code=137,
        events=(event("Unhealthy", "Liveness probe failed: no", involvedObject={"fieldPath": "spec.initContainers{proxy}"}),),
    ),
    "containerd has lost it": Case(
        failed(main=ended(255, "Unknown")), "ContainerStatusUnknown", "nobody knows how the main container ended", cluster=True
    ),
    "the working directory is a file": Case(
        failed(main=ended(128, "StartError", RUNC + "mkdir /bin/sh: not a directory")), "StartError", "its working directory '/bin/sh' is a file", code=128
    ),
    "a probe of a namesake says nothing": Case(
        failed(main=ended(1)),
        "Error",
        "exit code 1",
        code=1,
        events=(event("Killing", "Container main failed liveness probe", involvedObject={"uid": "another"}),),
    ),
    "a postStart hook failed": Case(
        failed(main=ended(137)),
        "PostStartHookError",
        "its postStart hook failed; correct the hook",
        code=137,
        events=(event("FailedPostStartHook", "PostStartHook failed"),),
    ),
    "nobody knows how it ended": Case(
        failed(main=ended(137, "ContainerStatusUnknown", "The container could not be located when the pod was terminated")),
        "ContainerStatusUnknown",
        "nobody knows how the main container ended",
        cluster=True,
    ),
    "Kubernetes says something new": Case(
        failed(reason="Ennui", message="it did not feel like it"), "PodFailed", "Kubernetes says of the pod: Ennui: it did not feel like it"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_end_has_a_reason(case):
    now = standing(case.pod, case.events)
    assert (now.status, now.reason, now.exit_code) == (case.status, case.reason, case.code)
    assert case.says in now.message
    assert now.infrastructure is case.cluster
    assert now.waiting == ""


SUCCESSES = {
    "the main container has ended with 0": pod("Succeeded", main=ended(0)),
    "a sidecar runs on": pod(main=ended(0), init=[sidecar("proxy")], others={"proxy": runs()}),
    "a sidecar failed": failed(main=ended(0), init=[sidecar("proxy")], others={"proxy": ended(1)}),
    "a process of it was killed for memory": pod("Succeeded", main=ended(0, "OOMKilled")),
    "it had ended before somebody deleted it": pod("Succeeded", metadata=deleted(), main=ended(0, at=EARLY)),
    "it had ended before polyflow stopped it": pod(
        "Succeeded", metadata=deleted("Late"), main=ended(0, at=EARLY)
    ),
    "it had ended before its deadline, which a sidecar missed": failed(
        reason="DeadlineExceeded", main=ended(0, at=EARLY), spec={"activeDeadlineSeconds": 18}
    ),
    "it had ended before its node was drained": failed(
        main=ended(0, at=EARLY), metadata=deleted(), conditions=disrupted("EvictionByEvictionAPI")
    ),
    "an eviction came to nothing": pod(
        "Succeeded", main=ended(0), conditions=disrupted("EvictionByEvictionAPI", at=EARLY)
    ),
    "Kubernetes says so and no more": pod("Succeeded"),
}


@pytest.mark.parametrize("case", SUCCESSES.values(), ids=SUCCESSES)
def test_a_success_needs_no_reason(case):
    now = standing(case)
    assert (now.status, now.reason, now.message, now.exit_code) == (PodStatus.SUCCEEDED, "", "", 0)


STILL = {
    "it was created": (pending(), CREATED),
    "it is being set up": (pending(main=waits("ContainerCreating")), CREATED),
    "it runs": (pod(main=runs()), STARTED),
    "polyflow stops it, and it has not ended": (pod(main=runs(), metadata=deleted("Unwanted")), STARTED),
    "somebody deletes it, and it has not ended": (pod(main=runs(), metadata=deleted()), STARTED),
    "it is being evicted, and has not ended": (
        pod(main=runs(), metadata=deleted(), conditions=disrupted("EvictionByEvictionAPI")),
        STARTED,
    ),
    "a sidecar ends while the main container runs": (
        pod(main=runs(), init=[sidecar("proxy")], others={"proxy": waits("CrashLoopBackOff")}),
        STARTED,
    ),
}


@pytest.mark.parametrize(("case", "at"), STILL.values(), ids=STILL)
def test_what_has_not_ended_runs(case, at):
    now = standing(case)
    assert (now.status, now.reason, now.waiting) == (PodStatus.RUNNING, "", "")
    assert now.at.isoformat() == at.replace("Z", "+00:00")


TIMES = {
    "when its main container ended": (failed(main=ended(1)), ENDED),
    "when its init container ended": (failed(init=FETCH, others={"fetch": ended(1, at=EARLY)}), EARLY),
    "when its deletion was asked for": (unplaced(metadata=deleted("Unwanted")), DELETED),
    "when a condition changed last": (failed(main=runs(), conditions=disrupted("DeletionByPodGC")), DELETED),
    "when it was started": (failed(reason="NodeAffinity"), STARTED),
    "1970, where the object says nothing": ({"status": {"phase": "Failed"}}, "1970-01-01T00:00:00Z"),
}


@pytest.mark.parametrize(("case", "at"), TIMES.values(), ids=TIMES)
def test_an_end_is_dated_by_the_cluster(case, at):
    assert standing(case).at.isoformat() == at.replace("Z", "+00:00")

"""Pods of more than one process: what runs first, what runs beside, and how all of it ends."""

import os
import signal
from dataclasses import replace

import pytest

from polyflow_shared.cluster.processes import open_cluster
from polyflow_shared.cluster.wire import read_pod, write_pod
from polyflow_topics.pods import PodParts
from polyflow_topics.status import PodStatus
from tests.contract.clusters import GO_ON, end, end_of, measured, pod
from tests.unit.cluster.test_survival import gone

UP = "echo up > $POLYFLOW_VOLUME_SHARED/up"
WAIT = "while [ ! -e $POLYFLOW_VOLUME_SHARED/up ]; do sleep 0.01; done"
LOOP = "while :; do sleep 0.01; done"
UNTIL_TERM = f"trap 'echo over; exit 0' TERM; {UP}; {LOOP}"
PID = """printf '{"values":{"pid":%s}}\\n' $$$$ >> $POLYFLOW_METRICS"""
MOUNT = [{"name": "shared", "mountPath": "/shared"}]
SHARED = ({"name": "shared", "emptyDir": {}},)


@pytest.fixture
def log(tmp_path):
    return tmp_path / "runs" / pod().run / "operations" / "operation-0" / "0" / "log.txt"


def beside(name, words, **more):
    return {"name": name, "command": ["sh", "-c", words], "volumeMounts": MOUNT, **more}


def of(words, *, timeout=None, **parts):
    container = {"volumeMounts": MOUNT} if "volumes" in parts else {}
    return replace(pod(words, timeout=timeout), parts=PodParts(**{"container": container, **parts}))


def told(log):
    """Return the lines of a log without what a shell says of signals."""
    return [line for line in log.read_text().splitlines() if line != "Terminated"]


async def test_init_containers_run_one_after_another_before_the_main_one(cluster, log):
    steps = (beside("a", "echo a > $POLYFLOW_VOLUME_SHARED/a; echo first"), beside("b", "echo second"))
    report = await end(cluster, of("echo main; cat $POLYFLOW_VOLUME_SHARED/a", init=steps, volumes=SHARED))
    assert report.status is PodStatus.SUCCEEDED
    assert log.read_text() == "first\nsecond\nmain\na\n"


async def test_nothing_starts_after_an_init_container_that_failed(cluster, log):
    steps = (beside("fetch", "echo no such host; exit 3"), beside("unpack", "echo unpacked"))
    report = await end(cluster, of("echo main", init=steps, sidecars=(beside("s", UNTIL_TERM),)))
    assert (report.status, report.reason, report.exit_code) == (PodStatus.FAILED, "InitContainerFailed", None)
    assert report.message == "init container 'fetch': exit code 3\nits log ends:\nno such host"
    assert log.read_text() == "no such host\n"


CANNOT_START = {
    "an init container": ({"init": ({"name": "x", "command": ["nope-x"]},)}, "InitContainerFailed", "init container 'x'"),
    "a later one": (
        {"init": (beside("a", "true"), {"name": "x", "command": ["nope-x"]})},
        "InitContainerFailed",
        "init container 'x'",
    ),
    "a sidecar": ({"sidecars": ({"name": "x", "command": ["nope-x"]},)}, "SidecarFailed", "sidecar 'x'"),
    "one of two sidecars": (
        {"sidecars": (beside("s", GO_ON), {"name": "x", "command": ["nope-x"]})},
        "SidecarFailed",
        "sidecar 'x'",
    ),
    "one without a command": ({"init": ({"name": "x", "image": "a"},)}, "CommandMissing", "container 'x' has no"),
    "one whose secret is not there": (
        {"init": (beside("x", "true", envFrom=[{"secretRef": {"name": "s"}}]),)},
        "SecretNotFound",
        "no secret 's'",
    ),
    "one with a volume of the cluster": (
        {"volumes": ({"name": "d", "secret": {"secretName": "c"}},)},
        "VolumeNotSupported",
        "volume 'd' is of kind secret",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("parts", "reason", "says"), CANNOT_START.values(), ids=CANNOT_START)
async def test_a_pod_fails_with_what_cannot_start_in_it(cluster, parts, reason, says):
    report = await end(cluster, of("true", **parts))
    assert (report.status, report.reason) == (PodStatus.FAILED, reason)
    assert says in report.message


async def test_a_sidecar_runs_until_the_main_one_has_ended(cluster, log):
    report = await end(cluster, of(f"{WAIT}; echo main", sidecars=(beside("s", UNTIL_TERM),), volumes=SHARED))
    assert report.status is PodStatus.SUCCEEDED
    assert told(log) == ["main", "over"]


async def test_a_sidecar_that_is_deaf_is_killed_after_the_grace(tmp_path):
    cluster = await open_cluster(tmp_path / "runs", state=tmp_path / "p.jsonl", workdir=tmp_path, grace=0.05)
    deaf = f"trap '' TERM; {PID}; {UP}; {LOOP}"
    one = of(f"{WAIT}; kill -9 $$$$", sidecars=(beside("s", deaf),), volumes=SHARED)
    await cluster.ensure(one)
    number = int((await measured(cluster))["pid"])
    report = await end_of(cluster, one)
    assert (report.status, report.reason) == (PodStatus.FAILED, "Killed")
    await gone(number)
    await cluster.close()


async def test_a_sidecar_that_ends_early_changes_nothing(cluster, log):
    report = await end(cluster, of("sleep 0.1; echo main", sidecars=(beside("s", "echo s; exit 9"),)))
    assert (report.status, report.exit_code) == (PodStatus.SUCCEEDED, 0)
    assert sorted(log.read_text().split()) == ["main", "s"]


async def test_a_stop_while_it_is_prepared_lets_nothing_follow(cluster, log):
    one = of("echo main", init=(beside("a", f"{PID}; {GO_ON}"), beside("b", "echo b")))
    await cluster.ensure(one)
    await measured(cluster)
    assert await cluster.stop(one.name, grace=10, reason="Unwanted")
    report = await end_of(cluster, one)
    assert (report.status, report.reason) == (PodStatus.STOPPED, "Unwanted")
    assert told(log) == []


async def test_a_stop_between_two_steps_lets_nothing_follow(cluster, log):
    one = of("echo main", init=(beside("a", f"{PID}; exec sleep 1000"),))
    await cluster.ensure(one)
    number = int((await measured(cluster))["pid"])
    os.kill(number, signal.SIGTERM)  # it has ended and nobody has looked yet
    assert await cluster.stop(one.name, grace=10, reason="Unwanted")
    assert (await end_of(cluster, one)).status is PodStatus.STOPPED
    assert "main" not in log.read_text()


async def test_a_stop_ends_main_and_sidecars(cluster, log):
    one = of(f"{WAIT}; {PID}; {GO_ON}", sidecars=(beside("s", UNTIL_TERM),), volumes=SHARED)
    await cluster.ensure(one)
    await measured(cluster)
    assert await cluster.stop(one.name, grace=10, reason="Unwanted")
    assert (await end_of(cluster, one)).reason == "Unwanted"
    assert told(log) == ["over"]


async def test_the_time_that_a_pod_may_take_begins_with_its_first_container(cluster, log, clock):
    one = of("echo main", timeout=60, init=(beside("a", f"{PID}; {GO_ON}"),))
    await cluster.ensure(one)
    await measured(cluster)
    await clock.move(0)
    await clock.move(61)
    report = await end_of(cluster, one)
    assert (report.status, report.reason) == (PodStatus.FAILED, "DeadlineExceeded")


async def test_variables_come_from_where_they_are_kept(cluster, log, tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "s.env").write_text("TOKEN=t\n")
    (tmp_path / "config-maps").mkdir()
    (tmp_path / "config-maps" / "c.env").write_text("SIZE=5\n")
    env = {
        "A": {"secretKeyRef": {"name": "s", "key": "TOKEN"}},
        "B": {"configMapKeyRef": {"name": "c", "key": "SIZE"}},
        "C": {"fieldRef": {"fieldPath": "metadata.name"}},
        "D": {"fieldRef": {"fieldPath": "metadata.labels['team']"}},
        "E": {"fieldRef": {"fieldPath": "metadata.annotations['none']"}},
        "F": {"secretKeyRef": {"name": "s", "key": "NONE", "optional": True}},
    }
    step = beside("i", "echo $A$B", env=[{"name": name, "valueFrom": source} for name, source in env.items()])
    one = of("echo $A-$B-$C-$D-$E-${F-unset}-$G", env=env, labels={"team": "vision"}, init=(step,))
    one = replace(one, container=one.container.model_copy(update={"env": {"G": "$(A)!"}}))
    await end(cluster, one)
    assert log.read_text() == f"t5\nt-5-{one.name}-vision--unset-t!\n"


MISSING = {
    "an entry": ({"secretKeyRef": {"name": "s", "key": "NONE"}}, "SecretNotFound", "'s' has no entry 'NONE'"),
    "a config map": ({"configMapKeyRef": {"name": "c", "key": "K"}}, "ConfigMapNotFound", "no config map 'c'"),
    "what processes do not have": (
        {"fieldRef": {"fieldPath": "status.hostIP"}},
        "VariableNotSupported",
        "variable 'A' is from status.hostIP",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("source", "reason", "says"), MISSING.values(), ids=MISSING)
async def test_a_variable_that_is_not_there_says_so(cluster, tmp_path, source, reason, says):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "s.env").write_text("TOKEN=t\n")
    report = await end(cluster, of("true", env={"A": source}))
    assert (report.status, report.reason) == (PodStatus.FAILED, reason)
    assert says in report.message


async def test_a_folder_of_this_machine_is_a_volume(cluster, log, tmp_path):
    volumes = (
        {"name": "host-data", "hostPath": {"path": f"{tmp_path}/new/data", "type": "DirectoryOrCreate"}},
    )
    mounts = [
        {"name": "host-data", "mountPath": "/a", "subPath": "x"},
        {"name": "host-data", "mountPath": "/b"},
    ]
    one = of("echo $POLYFLOW_VOLUME_HOST_DATA", volumes=volumes, container={"volumeMounts": mounts})
    await end(cluster, one)
    assert log.read_text() == f"{tmp_path}/new/data/x\n"
    assert (tmp_path / "new" / "data").is_dir()


async def test_a_claim_is_a_folder_that_stays(cluster, log, tmp_path):
    volumes = ({"name": "data", "persistentVolumeClaim": {"claimName": "digits"}},)
    container = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    await end(cluster, of("echo kept > $POLYFLOW_VOLUME_DATA/file", volumes=volumes, container=container))
    assert (tmp_path / "volumes" / "digits" / "file").read_text() == "kept\n"


async def test_a_claim_leads_nowhere_else(cluster):
    volumes = ({"name": "data", "persistentVolumeClaim": {"claimName": "../.."}},)
    assert (await end(cluster, of("true", volumes=volumes))).reason == "VolumeNotSupported"


async def test_a_volume_that_cannot_be_made_is_why_a_pod_fails(cluster, tmp_path):
    (tmp_path / "file").touch()
    host = {"path": f"{tmp_path}/file/below", "type": "DirectoryOrCreate"}
    report = await end(cluster, of("true", volumes=({"name": "d", "hostPath": host},)))
    assert (report.status, report.reason) == (PodStatus.FAILED, "VolumeNotMade")


def test_the_parts_go_over_a_socket():
    one = of("true", init=(beside("a", "true"),), volumes=SHARED, ttl=5)
    assert read_pod(write_pod(one)) == one
    assert write_pod(pod())["parts"] == {}
    assert read_pod({**write_pod(pod()), "parts": {}}).parts == PodParts()


async def test_a_closed_cluster_leaves_no_sidecar(tmp_path):
    cluster = await open_cluster(tmp_path / "runs", state=tmp_path / "p.jsonl", workdir=tmp_path, grace=5)
    sidecar = {"name": "s", "command": ["sh", "-c", f"{PID}; {GO_ON}"]}
    await cluster.ensure(of(GO_ON, sidecars=(sidecar,)))
    number = int((await measured(cluster))["pid"])
    await cluster.close()
    await gone(number)

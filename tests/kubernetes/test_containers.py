"""A pod of ours with everything in it, on a real node: what its containers find, and in which order they run."""

import asyncio
import base64
from dataclasses import replace

import pytest

from polyflow_shared.cluster.kubernetes.pods.manifest import manifest
from polyflow_shared.cluster.kubernetes.pods.objects import report_of
from polyflow_shared.cluster.kubernetes.tails import tails_of
from polyflow_topics.plan import Container
from polyflow_topics.pods import PodParts
from tests.contract.clusters import pod
from tests.kubernetes.pods import SHELL, container, create, ended, logs, spec, wait
from tests.testbed.kubernetes import node
from tests.testbed.kubernetes.control import running_control_plane

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(300)]

MOUNT = [{"name": "shared-data", "mountPath": "/data"}]
UP = "$POLYFLOW_VOLUME_SHARED_DATA/up"
MAIN = f"""
while [ ! -e {UP} ]; do sleep 0.1; done
cat /data/fetched "$POLYFLOW_ARTIFACTS_PATH/prepared"
echo '{{"accuracy": 0}}' > "$POLYFLOW_OUTPUTS"; cat /dev/termination-log
echo kept > "$POLYFLOW_OUTPUTS_PATH/file"; cat /polyflow/outputs/file
echo "$TEAM $TOKEN $URL"; id -u
ls /var/run/secrets/kubernetes.io 2>/dev/null || echo no token
"""


def beside(name, script):
    return {"name": name, "image": SHELL, "command": ["sh", "-c", script], "volumeMounts": MOUNT}


@pytest.fixture(scope="module")
def plane():
    with running_control_plane() as plane, node.running_node(plane):
        secret = {"metadata": {"name": "api"}, "data": {"TOKEN": base64.b64encode(b"t-1").decode()}}
        plane.api.create("/api/v1/namespaces/default/secrets", secret)
        yield plane


@pytest.fixture(scope="module")
def api(plane):
    return plane.api


def test_containers_find_what_they_are_told_of(api):
    one = replace(
        pod(),
        container=Container(
            image=SHELL, command=("sh", "-c", MAIN), env={"URL": "http://$(TOKEN)@$(POLYFLOW_RUN)"}
        ),
        parts=PodParts(
            container={"volumeMounts": MOUNT},
            env={
                "TEAM": {"fieldRef": {"fieldPath": "metadata.labels['team']"}},
                "TOKEN": {"secretKeyRef": {"name": "api", "key": "TOKEN"}},
            },
            init=(
                beside("fetch", 'echo fetched > /data/fetched; echo prepared > "$POLYFLOW_ARTIFACTS_PATH/prepared"'),
                beside("check", "cat /data/fetched"),
            ),
            sidecars=(
                beside("answers", f"trap 'echo told to end; exit 0' TERM; echo up > {UP}; while true; do sleep 0.1; done"),
            ),
            volumes=({"name": "shared-data", "emptyDir": {}},),
            labels={"team": "vision"},
            spec={"nodeSelector": node.SELECTOR, "securityContext": {"runAsUser": 1000}},
        ),
    )  # fmt: skip
    api.create("/api/v1/namespaces/default/pods", manifest(one, "blue", "default"))
    there = wait(api, one.name, ended)
    assert there["status"]["phase"] == "Succeeded"
    report = report_of(there)
    assert (report.status, report.outputs, report.awaited) == ("succeeded", {"accuracy": 0}, 0)
    assert logs(api, one.name).splitlines() == [
        "fetched",
        "prepared",
        '{"accuracy": 0}',
        "kept",
        f"vision t-1 http://t-1@{one.run}",
        "1000",
        "no token",
    ]
    assert logs(api, one.name, "check") == "fetched\n"
    assert logs(api, one.name, "answers") == "told to end\n"


FILL = "head -c {} /dev/zero | tr '\\0' {}"
LARGE = {
    "many-lines": f"line=$({FILL.format(3000, 'x')}); for i in $(seq 3000); do echo $line; done; echo the end",
    "one-line": f"{FILL.format(9_000_000, 'y')}; echo the end",
}


@pytest.mark.parametrize("name", LARGE)
async def test_of_a_log_larger_than_what_is_read_the_end_is_kept(api, client, clock, name):
    create(api, name, spec(container(LARGE[name])))
    there = await asyncio.to_thread(wait, api, name, ended)
    (tail,) = await tails_of(client, there, clock)
    assert (tail.missing, tail.cut) == ("", True)
    assert tail.text.endswith("the end\n")

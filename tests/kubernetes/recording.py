"""What a real cluster shows of pods, kept in files: `python -m tests.kubernetes.recording` records them anew.

A file has the pod, trimmed to what tells of its fate, and the events that warn of it.  What differs from one
cluster or moment to the next is replaced by constants.
"""

import json
import re
import sys
import time
from pathlib import Path
from typing import Any, Final

from tests.kubernetes.pods import (
    CASES,
    DISTURBED,
    Json,
    container,
    create,
    ended,
    runs,
    spec,
    wait,
    warnings,
    watch,
)
from tests.testbed.kubernetes import node
from tests.testbed.kubernetes.api import Api
from tests.testbed.kubernetes.control import ControlPlane, running_control_plane

RECORDED: Final = Path(__file__).parents[1] / "fixtures" / "pods"
NODE_GONE: Final = "node-gone"
"""The case of a pod whose node loses its power and is then removed from the cluster."""
NODE_REBOOTED: Final = "node-rebooted"
"""The case of a pod whose node loses its power and comes back."""
NODE_GONE_LIMIT: Final = 180.0
"""Seconds until the control plane gives such a pod up; it looks every 20, and waits 40 to be sure."""
_SETTLED: Final = 15.0
"""Seconds after which no new kind of event is to be expected."""
_CHANGES: Final = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "2026-01-01T00:00:00Z"),
    (re.compile(r"[0-9a-f]{64}"), "0" * 64),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "00000000-0000-0000-0000-000000000000"),
)
_KEPT_OF_METADATA: Final = ("name", "namespace", "uid", "deletionTimestamp")
_KEPT_OF_SPEC: Final = ("nodeName", "nodeSelector", "restartPolicy", "activeDeadlineSeconds")
_KEPT_OF_STATUS: Final = ("phase", "reason", "message", "qosClass", "startTime")
_LEFT_OUT_OF_CONTAINERS: Final = {"resources", "allocatedResources", "user", "volumeMounts", "imageID"}
_LEFT_OUT_OF_CONDITIONS: Final = {"lastProbeTime", "observedGeneration"}


def recorded(name: str) -> Json:
    """Return what was kept of a case: its `pod`, and the `events` that warned of it."""
    form: Json = json.loads((RECORDED / f"{name}.json").read_text())
    return form


def trimmed(pod: Json) -> Json:
    """Return what tells of a pod's fate: the status, and little else; the same for the same fate."""
    return _constant(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": _kept(pod["metadata"], _KEPT_OF_METADATA),
            "spec": _kept(pod["spec"], _KEPT_OF_SPEC),
            "status": _status(pod["status"]),
        }
    )


def told(events: list[Json]) -> list[Json]:
    """Return what events say, each saying once."""
    every = [
        {
            "reason": event["reason"],
            "message": event["message"],
            "about": event["involvedObject"].get("fieldPath", ""),
        }
        for event in events
    ]
    form = _constant({"events": every})["events"]
    return [json.loads(text) for text in sorted({json.dumps(event, sort_keys=True) for event in form})]


def reboot_node(real: node.RealNode, plane: ControlPlane) -> Json:
    """Return the pod of a node that lost its power and came back, when it has ended."""
    create(plane.api, NODE_REBOOTED, spec(container("sleep 600")))
    wait(plane.api, NODE_REBOOTED, runs)
    real.kill()
    real.start(plane)
    return wait(plane.api, NODE_REBOOTED, ended)


def lose_node(real: node.RealNode, api: Api) -> Json:
    """Return the pod of a node that lost its power and was removed."""
    create(api, NODE_GONE, spec(container("sleep 600")))
    wait(api, NODE_GONE, runs)
    real.kill()
    api.delete(f"/api/v1/nodes/{node.NAME}")
    return wait(api, NODE_GONE, lambda pod: "deletionTimestamp" in pod["metadata"], limit=NODE_GONE_LIMIT)


def main() -> int:
    """Record every case; return the exit status."""
    RECORDED.mkdir(exist_ok=True)
    with running_control_plane() as plane, node.running_node(plane) as real:
        for name, case in CASES.items():
            create(plane.api, name, case.spec)
        pods = [watch(plane.api, name, case) for name, case in CASES.items()]
        time.sleep(_SETTLED)
        for pod in pods:
            _keep(pod, warnings(plane.api, pod["metadata"]["name"]))
        for name, case in DISTURBED.items():
            create(plane.api, name, case.spec)
            _keep(watch(plane.api, name, case), warnings(plane.api, name))
        # What warns of it is of the moments in which the node comes back, each time another.
        _keep(reboot_node(real, plane), [])
        _keep(lose_node(real, plane.api), [])
    return 0


def _keep(pod: Json, events: list[Json]) -> None:
    name = pod["metadata"]["name"]
    form = {"pod": trimmed(pod), "events": told(events)}
    (RECORDED / f"{name}.json").write_text(json.dumps(form, indent=2, sort_keys=True) + "\n")
    sys.stdout.write(f"{name}\n")


def _status(status: Json) -> Json:
    # Whether the sandbox is still there depends on the moment.
    conditions = [
        _without(one, _LEFT_OUT_OF_CONDITIONS)
        for one in status.get("conditions", ())
        if one["type"] != "PodReadyToStartContainers"
    ]
    containers = {
        kind: [_without(one, _LEFT_OUT_OF_CONTAINERS) for one in status[kind]]
        for kind in ("initContainerStatuses", "containerStatuses")
        if kind in status
    }
    ordered = sorted(conditions, key=lambda one: str(one["type"]))
    return {**_kept(status, _KEPT_OF_STATUS), **containers, "conditions": ordered}


def _kept(form: Json, keys: tuple[str, ...]) -> Json:
    return {key: form[key] for key in keys if key in form}


def _without(form: Json, keys: set[str]) -> Json:
    return {key: value for key, value in form.items() if key not in keys}


def _constant(form: Json) -> Any:
    text = json.dumps(form)
    for pattern, constant in _CHANGES:
        text = pattern.sub(constant, text)
    return json.loads(text)


if __name__ == "__main__":
    sys.exit(main())

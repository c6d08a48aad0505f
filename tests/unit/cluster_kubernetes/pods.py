"""Pods as the API server gives them: small builders, in the words of core/v1."""

from typing import Any

Object = dict[str, Any]

CREATED, STARTED, DELETED, ENDED = (f"2026-11-21T10:00:{second}Z" for second in ("00", "02", "20", "21"))
NOT_FOUND = {"kind": "Status", "code": 404, "reason": "NotFound", "message": "there is no such pod"}
UID = "4b31457a-e373-4fd4-9cf3-d05ce10e0a93"
IMAGE = "registry.example.com/train:1"


def container(name: str = "main", **spec: Any) -> Object:
    return {"name": name, "image": IMAGE, **spec}


def sidecar(name: str) -> Object:
    return container(name, restartPolicy="Always")


def limits(**resources: str) -> Object:
    return {"limits": resources}


def ended(code: int, reason: str = "", message: str = "", at: str = ENDED, **more: Any) -> Object:
    word = reason or ("Error" if code else "Completed")
    return {"terminated": {"exitCode": code, "reason": word, "message": message, "finishedAt": at, **more}}


def waits(reason: str, message: str = "") -> Object:
    return {"waiting": {"reason": reason, "message": message}}


def runs() -> Object:
    return {"running": {"startedAt": STARTED}}


def condition(
    kind: str, reason: str, message: str = "", *, status: str = "True", at: str = DELETED
) -> Object:
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": at}


def disrupted(reason: str, message: str = "", at: str = DELETED) -> list[Object]:
    return [condition("DisruptionTarget", reason, message, at=at)]


def not_placed(reason: str, message: str = "") -> list[Object]:
    return [condition("PodScheduled", reason, message, status="False", at=CREATED)]


def pod(phase: str = "Running", **what: Any) -> Object:
    """A pod on node-1: `main` says how its main container stands, `others` the others by name."""
    main, others = what.get("main"), what.get("others", {})
    init = what.get("init", [])
    names = [one["name"] for one in init]
    statuses = ({"main": main} if main else {}) | others
    told = [
        {"name": name, "image": IMAGE, "state": state, "lastState": what.get("before", {}), "restartCount": 0}
        for name, state in statuses.items()
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "pf-r1-0-0",
            "namespace": "ml",
            "uid": UID,
            "creationTimestamp": CREATED,
            **what.get("metadata", {}),
        },
        "spec": {
            "nodeName": "node-1",
            "restartPolicy": "Never",
            "initContainers": init,
            "containers": what.get("containers", [container()]),
            **what.get("spec", {}),
        },
        "status": {
            "phase": phase,
            "startTime": STARTED,
            "conditions": what.get("conditions", []),
            "initContainerStatuses": [one for one in told if one["name"] in names],
            "containerStatuses": [one for one in told if one["name"] not in names],
            **{key: what[key] for key in ("reason", "message") if key in what},
        },
    }


def pending(**what: Any) -> Object:
    return pod("Pending", **what)


def failed(**what: Any) -> Object:
    return pod("Failed", **what)


def unplaced(**what: Any) -> Object:
    return pending(spec={"nodeName": None}, **what)


def deleted(reason: str | None = None, grace: int = 30) -> Object:
    """Metadata of a pod whose deletion was asked for at DELETED; by polyflow, if there is a reason."""
    second = 20 + grace
    stamp = f"2026-11-21T10:{second // 60:02}:{second % 60:02}Z"
    notes = {} if reason is None else {"annotations": {"polyflow.io/stop-reason": reason}}
    return {"deletionTimestamp": stamp, "deletionGracePeriodSeconds": grace, **notes}


def event(reason: str, message: str, at: str = STARTED, kind: str = "Warning", **more: Any) -> Object:
    """An event of core/v1."""
    return {
        "type": kind,
        "reason": reason,
        "message": message,
        "lastTimestamp": at,
        "involvedObject": {"kind": "Pod", "uid": UID},
        **more,
    }


def new_event(reason: str, note: str, at: str = STARTED, kind: str = "Warning") -> Object:
    """An event of events.k8s.io/v1."""
    return {
        "type": kind,
        "reason": reason,
        "note": note,
        "eventTime": at,
        "regarding": {"kind": "Pod", "uid": UID},
    }

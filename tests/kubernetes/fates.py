"""The contract's words on fake nodes: a pod's labels and annotations tell KWOK what becomes of it."""

import json
from dataclasses import replace
from typing import Any

from polyflow_shared.cluster.kubernetes.pods.manifest import manifest
from polyflow_shared.cluster.port import Pod
from tests.contract.clusters import FAIL, GO_ON, OUTPUT, OUTPUTS, SUCCEED
from tests.testbed.kubernetes.given import TAINT

FATE = "testbed.polyflow.io/fate"
CODE = "testbed.polyflow.io/exit-code"
SAYS = "testbed.polyflow.io/says"
IMAGE = "fake/shell"
FAKE = {"testbed.polyflow.io/node": "fake"}
"""The label of fake nodes: a cluster may have others."""
TOLERATION = {**TAINT, "operator": "Equal"}

WORDS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    SUCCEED: ({}, {}),
    FAIL: ({FATE: "fail"}, {CODE: "3", SAYS: "the reason"}),
    GO_ON: ({FATE: "hang"}, {}),
    OUTPUT: ({}, {SAYS: json.dumps(OUTPUTS)}),
}
"""Labels and annotations of the pods that the words stand for."""


def on_fake_nodes(pod: Pod, installation: str, namespace: str) -> dict[str, Any]:
    """Return the manifest of a pod that does on a fake node what its words say."""
    made = manifest(
        replace(pod, container=pod.container.model_copy(update={"image": IMAGE})), installation, namespace
    )
    labels, annotations = WORDS[pod.container.command[2]]
    made["metadata"]["labels"] |= labels
    made["metadata"]["annotations"] |= annotations
    made["spec"].setdefault("nodeSelector", {}).update(FAKE)
    made["spec"].setdefault("tolerations", []).append(TOLERATION)
    return made

"""The chart as its tests see it: rendered, applied, installed; and what its accounts may do."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.testbed.helm import helm
from tests.testbed.kubernetes import programs
from tests.testbed.kubernetes.api import Api
from tests.testbed.kubernetes.control import ControlPlane
from tests.testbed.processes import run

CHART: Final = Path(__file__).parents[2] / "deploy" / "helm" / "polyflow"
RELEASE: Final = "polyflow"
"""The name of the release and of its namespace."""
READY_LIMIT: Final = 60.0
"""Seconds for the installed pods to be ready; on fake nodes it takes five."""

SERVICES: Final = (
    "spec-validator",
    "planner",
    "pod-launcher",
    "status-watcher",
    "early-stopping-monitor",
    "cache",
    "admission",
    "gateway",
    "projector",
)
"""As the chart calls them."""
TALK_TO_API: Final = frozenset({"pod-launcher", "status-watcher"})
"""Those that get a token for the API server."""

Manifest = dict[str, Any]


def rendered(*values: Path, settings: dict[str, str] | None = None) -> list[Manifest]:
    """Return the objects that the chart becomes.

    Raises:
        TestbedError: the schema or a template refuses the values.
    """
    return [each for each in yaml.safe_load_all(template(*values, settings=settings)) if each]


def template(*values: Path, settings: dict[str, str] | None = None) -> str:
    """Return the same as text."""
    options = [f"--values={path}" for path in values]
    options += [f"--set={name}={value}" for name, value in (settings or {}).items()]
    # Not the name of what is installed: nothing is to be applied over it.
    return helm("template", "checked", str(CHART), f"--namespace={RELEASE}", *options)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A control plane, in the words of these tests."""

    plane: ControlPlane

    def kubectl(self, *words: str) -> str:
        """Run kubectl as the administrator and return what it printed.

        Raises:
            TestbedError: it failed.
        """
        program = programs.control_plane() / "kubectl"
        return run([str(program), f"--kubeconfig={self.plane.kubeconfig}", *words])

    def helm(self, verb: str, release: str, *words: str) -> str:
        """Run Helm on a release in the namespace of its name, and return what it printed.

        Raises:
            TestbedError: it failed.
        """
        return helm(verb, release, f"--namespace={release}", *words, kubeconfig=self.plane.kubeconfig)

    def install(self, values: Path) -> None:
        """Install the chart as a user does, and return when all of its pods are ready."""
        # On a fake node a pod ends at once unless it is told to stay.
        stay = [f"--set=services.{name}.podLabels.testbed\\.polyflow\\.io/fate=hang" for name in SERVICES]
        self.helm("install", RELEASE, str(CHART), f"--values={values}", *stay)
        end = time.monotonic() + READY_LIMIT
        while not all(_ready(each) for each in self.sets()):
            if time.monotonic() > end:
                raise AssertionError(self.kubectl("get", "events", f"--namespace={RELEASE}"))
            time.sleep(0.2)

    def sets(self) -> list[Manifest]:
        """Return the stateful sets of the release."""
        path = f"/apis/apps/v1/namespaces/{RELEASE}/statefulsets"
        return list(self.plane.api.get(path)["items"])

    def may(self, account: str, verb: str, resource: str, namespace: str) -> bool:
        """Tell whether a service account of the release may do something: `pods`, `pods/log`, `apps/deployments`."""
        name, _, sub = resource.partition("/")
        group = ""
        if name in {"apps", "rbac.authorization.k8s.io", "batch"}:
            group, name, sub = name, sub, ""
        attributes = {
            "namespace": namespace,
            "verb": verb,
            "group": group,
            "resource": name,
            "subresource": sub,
        }
        spec = {
            "user": f"system:serviceaccount:{RELEASE}:{account}",
            "groups": ["system:serviceaccounts", f"system:serviceaccounts:{RELEASE}", "system:authenticated"],
            "resourceAttributes": attributes,
        }
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
        answer = self.plane.api.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
        return bool(answer["status"]["allowed"])

    def api_of(self, account: str) -> Api:
        """Return the API as a service account of the release sees it."""
        return Api(self.plane.ports["apiserver"], self.plane.authority, self._token(account))

    def kubeconfig_of(self, account: str, folder: Path) -> Path:
        """Write a file with which a service account of the release reaches the API, and return its path."""
        config = yaml.safe_load(self.plane.kubeconfig.read_text())
        config["users"][0]["user"] = {"token": self._token(account)}
        path = folder / f"{account}.kubeconfig"
        path.write_text(yaml.safe_dump(config))
        return path

    def _token(self, account: str) -> str:
        path = f"/api/v1/namespaces/{RELEASE}/serviceaccounts/{account}/token"
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        return str(self.plane.api.create(path, request)["status"]["token"])


def _ready(stateful_set: Manifest) -> bool:
    return bool(stateful_set["status"].get("readyReplicas", 0) == stateful_set["spec"]["replicas"])

"""Helm, and the definitions that the Prometheus Operator would install, built from pinned modules into the cache folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.testbed.kubernetes.programs import built
from tests.testbed.processes import run

_HERE: Final = Path(__file__).parent
_KUBERNETES: Final = "helm.sh/helm/v3/pkg/chartutil.k8sVersion"
_FLAGS: Final = (f"-ldflags=-s -w -X {_KUBERNETES}Major=1 -X {_KUBERNETES}Minor=36",)
_OPERATOR: Final = "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"


def get() -> None:
    """Build Helm and the generator of definitions, if they were not built before.

    Raises:
        TestbedError: they cannot be built; the message says what to do.
    """
    _helm()
    _generator()


def helm(*words: str, kubeconfig: Path | None = None) -> str:
    """Run Helm to its end and return what it printed.

    Raises:
        TestbedError: it failed; the message has what it said.
    """
    return run([str(_helm()), *words], env={"KUBECONFIG": str(kubeconfig)} if kubeconfig else {})


def monitoring_definitions(target: Path) -> Sequence[Path]:
    """Write the custom resource definitions of ServiceMonitor and PrometheusRule, made of the operator's own types."""
    run(
        [str(_generator()), "crd:crdVersions=v1,maxDescLen=0", f"paths={_OPERATOR}", f"output:dir={target}"],
        cwd=_HERE / "monitoring",
    )
    return [target / f"monitoring.coreos.com_{name}.yaml" for name in ("servicemonitors", "prometheusrules")]


def _helm() -> Path:
    return built(_HERE / "program", "helm", _FLAGS) / "helm"


def _generator() -> Path:
    return built(_HERE / "monitoring", "monitoring", ("-ldflags=-s -w",)) / "controller-gen"

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


def helm(*words: str, kubeconfig: Path | None = None) -> str:
    """Run Helm to its end and return what it printed.

    Raises:
        TestbedError: it failed; the message has what it said.
    """
    program = built(_HERE / "program", "helm", _FLAGS) / "helm"
    return run([str(program), *words], env={"KUBECONFIG": str(kubeconfig)} if kubeconfig else {})


def monitoring_definitions(target: Path) -> Sequence[Path]:
    """Write the custom resource definitions of ServiceMonitor and PrometheusRule, made of the operator's own types."""
    generator = built(_HERE / "monitoring", "monitoring", ("-ldflags=-s -w",)) / "controller-gen"
    run(
        [str(generator), "crd:crdVersions=v1,maxDescLen=0", f"paths={_OPERATOR}", f"output:dir={target}"],
        cwd=_HERE / "monitoring",
    )
    return [target / f"monitoring.coreos.com_{name}.yaml" for name in ("servicemonitors", "prometheusrules")]

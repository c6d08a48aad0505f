"""Kubernetes' objects for pipelines in Python, such as `k8s.V1EnvVar(name="SEED", value="1")`.

Each class is made when it is first asked for; `k8s.pyi` beside this file tells editors what there is.
"""

from polyflow_shared.language.kubernetes.objects import KubernetesObject, class_of
from polyflow_shared.language.kubernetes.table import table


def __getattr__(name: str) -> type[KubernetesObject]:
    """Return the class of a kind of object."""
    return class_of(name)


def __dir__() -> list[str]:
    return sorted(table())

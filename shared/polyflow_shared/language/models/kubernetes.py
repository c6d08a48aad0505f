"""Parts of pods that are Kubernetes' own: plain maps, checked field by field."""

from typing import Annotated, Any, TypeAlias

from polyflow_shared.language.kubernetes.annotation import Kubernetes

Container: TypeAlias = Annotated[dict[str, Any], Kubernetes("V1Container", optional=frozenset({"name"}))]
"""The main container; it needs no name."""
NamedContainer: TypeAlias = Annotated[dict[str, Any], Kubernetes("V1Container")]
"""A container beside the main one."""
Volume: TypeAlias = Annotated[dict[str, Any], Kubernetes("V1Volume")]
Affinity: TypeAlias = Annotated[dict[str, Any], Kubernetes("V1Affinity")]
Toleration: TypeAlias = Annotated[dict[str, Any], Kubernetes("V1Toleration")]
HostAlias: TypeAlias = Annotated[dict[str, Any], Kubernetes("V1HostAlias")]
PodSecurityContext: TypeAlias = Annotated[
    dict[str, Any], Kubernetes("V1PodSecurityContext", other="V1SecurityContext")
]
"""The released reader knows a container's fields here, which do nothing in a pod, and not a pod's."""
PodDNSConfig: TypeAlias = Annotated[dict[str, Any], Kubernetes("V1PodDNSConfig")]
PodFailurePolicy: TypeAlias = Annotated[dict[str, Any], Kubernetes("V1PodFailurePolicy")]
ResourceRequirements: TypeAlias = Annotated[dict[str, Any], Kubernetes("V1ResourceRequirements")]

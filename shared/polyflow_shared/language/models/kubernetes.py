"""Parts of pods that are Kubernetes' own: plain maps, checked field by field."""

from typing import Any, TypeAlias

Container: TypeAlias = dict[str, Any]
"""The main container; it needs no name."""
NamedContainer: TypeAlias = dict[str, Any]
"""A container beside the main one."""
Volume: TypeAlias = dict[str, Any]
Affinity: TypeAlias = dict[str, Any]
Toleration: TypeAlias = dict[str, Any]
HostAlias: TypeAlias = dict[str, Any]
PodSecurityContext: TypeAlias = dict[str, Any]
PodDNSConfig: TypeAlias = dict[str, Any]
PodFailurePolicy: TypeAlias = dict[str, Any]
ResourceRequirements: TypeAlias = dict[str, Any]

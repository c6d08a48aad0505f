"""What editors and type checkers know of `polyflow.k8s`; made by `make kubernetes-objects`."""

# Its words are those of Kubernetes' client, and nobody edits it.
# ruff: noqa
# fmt: off

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from polyflow_shared.language.kubernetes.objects import KubernetesObject

class CoreV1ResourceClaim(KubernetesObject):
    name: str
    request: str | None
    def __init__(
        self,
        *,
        name: str,
        request: str | None = None,
    ) -> None: ...

class V1AWSElasticBlockStoreVolumeSource(KubernetesObject):
    fs_type: str | None
    partition: int | str | None
    read_only: bool | str | None
    volume_id: str
    def __init__(
        self,
        *,
        volume_id: str,
        fs_type: str | None = None,
        partition: int | str | None = None,
        read_only: bool | str | None = None,
    ) -> None: ...

class V1Affinity(KubernetesObject):
    node_affinity: V1NodeAffinity | Mapping[str, Any] | None
    pod_affinity: V1PodAffinity | Mapping[str, Any] | None
    pod_anti_affinity: V1PodAntiAffinity | Mapping[str, Any] | None
    def __init__(
        self,
        *,
        node_affinity: V1NodeAffinity | Mapping[str, Any] | None = None,
        pod_affinity: V1PodAffinity | Mapping[str, Any] | None = None,
        pod_anti_affinity: V1PodAntiAffinity | Mapping[str, Any] | None = None,
    ) -> None: ...

class V1AppArmorProfile(KubernetesObject):
    localhost_profile: str | None
    type: str
    def __init__(
        self,
        *,
        type: str,
        localhost_profile: str | None = None,
    ) -> None: ...

class V1AzureDiskVolumeSource(KubernetesObject):
    caching_mode: str | None
    disk_name: str
    disk_uri: str
    fs_type: str | None
    kind: str | None
    read_only: bool | str | None
    def __init__(
        self,
        *,
        disk_name: str,
        disk_uri: str,
        caching_mode: str | None = None,
        fs_type: str | None = None,
        kind: str | None = None,
        read_only: bool | str | None = None,
    ) -> None: ...

class V1AzureFileVolumeSource(KubernetesObject):
    read_only: bool | str | None
    secret_name: str
    share_name: str
    def __init__(
        self,
        *,
        secret_name: str,
        share_name: str,
        read_only: bool | str | None = None,
    ) -> None: ...

class V1CSIVolumeSource(KubernetesObject):
    driver: str
    fs_type: str | None
    node_publish_secret_ref: V1LocalObjectReference | Mapping[str, Any] | None
    read_only: bool | str | None
    volume_attributes: Mapping[str, str] | None
    def __init__(
        self,
        *,
        driver: str,
        fs_type: str | None = None,
        node_publish_secret_ref: V1LocalObjectReference | Mapping[str, Any] | None = None,
        read_only: bool | str | None = None,
        volume_attributes: Mapping[str, str] | None = None,
    ) -> None: ...

class V1Capabilities(KubernetesObject):
    add: Sequence[str] | None
    drop: Sequence[str] | None
    def __init__(
        self,
        *,
        add: Sequence[str] | None = None,
        drop: Sequence[str] | None = None,
    ) -> None: ...

class V1CephFSVolumeSource(KubernetesObject):
    monitors: Sequence[str]
    path: str | None
    read_only: bool | str | None
    secret_file: str | None
    secret_ref: V1LocalObjectReference | Mapping[str, Any] | None
    user: str | None
    def __init__(
        self,
        *,
        monitors: Sequence[str],
        path: str | None = None,
        read_only: bool | str | None = None,
        secret_file: str | None = None,
        secret_ref: V1LocalObjectReference | Mapping[str, Any] | None = None,
        user: str | None = None,
    ) -> None: ...

class V1CinderVolumeSource(KubernetesObject):
    fs_type: str | None
    read_only: bool | str | None
    secret_ref: V1LocalObjectReference | Mapping[str, Any] | None
    volume_id: str
    def __init__(
        self,
        *,
        volume_id: str,
        fs_type: str | None = None,
        read_only: bool | str | None = None,
        secret_ref: V1LocalObjectReference | Mapping[str, Any] | None = None,
    ) -> None: ...

class V1ClusterTrustBundleProjection(KubernetesObject):
    label_selector: V1LabelSelector | Mapping[str, Any] | None
    name: str | None
    optional: bool | str | None
    path: str
    signer_name: str | None
    def __init__(
        self,
        *,
        path: str,
        label_selector: V1LabelSelector | Mapping[str, Any] | None = None,
        name: str | None = None,
        optional: bool | str | None = None,
        signer_name: str | None = None,
    ) -> None: ...

class V1ConfigMapEnvSource(KubernetesObject):
    name: str | None
    optional: bool | str | None
    def __init__(
        self,
        *,
        name: str | None = None,
        optional: bool | str | None = None,
    ) -> None: ...

class V1ConfigMapKeySelector(KubernetesObject):
    key: str
    name: str | None
    optional: bool | str | None
    def __init__(
        self,
        *,
        key: str,
        name: str | None = None,
        optional: bool | str | None = None,
    ) -> None: ...

class V1ConfigMapProjection(KubernetesObject):
    items: Sequence[V1KeyToPath | Mapping[str, Any]] | None
    name: str | None
    optional: bool | str | None
    def __init__(
        self,
        *,
        items: Sequence[V1KeyToPath | Mapping[str, Any]] | None = None,
        name: str | None = None,
        optional: bool | str | None = None,
    ) -> None: ...

class V1ConfigMapVolumeSource(KubernetesObject):
    default_mode: int | str | None
    items: Sequence[V1KeyToPath | Mapping[str, Any]] | None
    name: str | None
    optional: bool | str | None
    def __init__(
        self,
        *,
        default_mode: int | str | None = None,
        items: Sequence[V1KeyToPath | Mapping[str, Any]] | None = None,
        name: str | None = None,
        optional: bool | str | None = None,
    ) -> None: ...

class V1Container(KubernetesObject):
    args: Sequence[str | float | None] | str | None
    command: Sequence[str | float | None] | str | None
    env: Sequence[V1EnvVar | Mapping[str, Any]] | None
    env_from: Sequence[V1EnvFromSource | Mapping[str, Any]] | None
    image: str | None
    image_pull_policy: str | None
    lifecycle: V1Lifecycle | Mapping[str, Any] | None
    liveness_probe: V1Probe | Mapping[str, Any] | None
    name: str | None
    ports: Sequence[V1ContainerPort | Mapping[str, Any]] | None
    readiness_probe: V1Probe | Mapping[str, Any] | None
    resize_policy: Sequence[V1ContainerResizePolicy | Mapping[str, Any]] | None
    resources: V1ResourceRequirements | Mapping[str, Any] | None
    restart_policy: str | None
    restart_policy_rules: Sequence[V1ContainerRestartRule | Mapping[str, Any]] | None
    security_context: V1SecurityContext | Mapping[str, Any] | None
    startup_probe: V1Probe | Mapping[str, Any] | None
    stdin: bool | str | None
    stdin_once: bool | str | None
    termination_message_path: str | None
    termination_message_policy: str | None
    tty: bool | str | None
    volume_devices: Sequence[V1VolumeDevice | Mapping[str, Any]] | None
    volume_mounts: Sequence[V1VolumeMount | Mapping[str, Any]] | None
    working_dir: str | None
    def __init__(
        self,
        *,
        args: Sequence[str | float | None] | str | None = None,
        command: Sequence[str | float | None] | str | None = None,
        env: Sequence[V1EnvVar | Mapping[str, Any]] | None = None,
        env_from: Sequence[V1EnvFromSource | Mapping[str, Any]] | None = None,
        image: str | None = None,
        image_pull_policy: str | None = None,
        lifecycle: V1Lifecycle | Mapping[str, Any] | None = None,
        liveness_probe: V1Probe | Mapping[str, Any] | None = None,
        name: str | None = None,
        ports: Sequence[V1ContainerPort | Mapping[str, Any]] | None = None,
        readiness_probe: V1Probe | Mapping[str, Any] | None = None,
        resize_policy: Sequence[V1ContainerResizePolicy | Mapping[str, Any]] | None = None,
        resources: V1ResourceRequirements | Mapping[str, Any] | None = None,
        restart_policy: str | None = None,
        restart_policy_rules: Sequence[V1ContainerRestartRule | Mapping[str, Any]] | None = None,
        security_context: V1SecurityContext | Mapping[str, Any] | None = None,
        startup_probe: V1Probe | Mapping[str, Any] | None = None,
        stdin: bool | str | None = None,
        stdin_once: bool | str | None = None,
        termination_message_path: str | None = None,
        termination_message_policy: str | None = None,
        tty: bool | str | None = None,
        volume_devices: Sequence[V1VolumeDevice | Mapping[str, Any]] | None = None,
        volume_mounts: Sequence[V1VolumeMount | Mapping[str, Any]] | None = None,
        working_dir: str | None = None,
    ) -> None: ...

class V1ContainerPort(KubernetesObject):
    container_port: int | str
    host_ip: str | None
    host_port: int | str | None
    name: str | None
    protocol: str | None
    def __init__(
        self,
        *,
        container_port: int | str,
        host_ip: str | None = None,
        host_port: int | str | None = None,
        name: str | None = None,
        protocol: str | None = None,
    ) -> None: ...

class V1ContainerResizePolicy(KubernetesObject):
    resource_name: str
    restart_policy: str
    def __init__(
        self,
        *,
        resource_name: str,
        restart_policy: str,
    ) -> None: ...

class V1ContainerRestartRule(KubernetesObject):
    action: str
    exit_codes: V1ContainerRestartRuleOnExitCodes | Mapping[str, Any] | None
    def __init__(
        self,
        *,
        action: str,
        exit_codes: V1ContainerRestartRuleOnExitCodes | Mapping[str, Any] | None = None,
    ) -> None: ...

class V1ContainerRestartRuleOnExitCodes(KubernetesObject):
    operator: str
    values: Sequence[int | str] | None
    def __init__(
        self,
        *,
        operator: str,
        values: Sequence[int | str] | None = None,
    ) -> None: ...

class V1DownwardAPIProjection(KubernetesObject):
    items: Sequence[V1DownwardAPIVolumeFile | Mapping[str, Any]] | None
    def __init__(
        self,
        *,
        items: Sequence[V1DownwardAPIVolumeFile | Mapping[str, Any]] | None = None,
    ) -> None: ...

class V1DownwardAPIVolumeFile(KubernetesObject):
    field_ref: V1ObjectFieldSelector | Mapping[str, Any] | None
    mode: int | str | None
    path: str
    resource_field_ref: V1ResourceFieldSelector | Mapping[str, Any] | None
    def __init__(
        self,
        *,
        path: str,
        field_ref: V1ObjectFieldSelector | Mapping[str, Any] | None = None,
        mode: int | str | None = None,
        resource_field_ref: V1ResourceFieldSelector | Mapping[str, Any] | None = None,
    ) -> None: ...

class V1DownwardAPIVolumeSource(KubernetesObject):
    default_mode: int | str | None
    items: Sequence[V1DownwardAPIVolumeFile | Mapping[str, Any]] | None
    def __init__(
        self,
        *,
        default_mode: int | str | None = None,
        items: Sequence[V1DownwardAPIVolumeFile | Mapping[str, Any]] | None = None,
    ) -> None: ...

class V1EmptyDirVolumeSource(KubernetesObject):
    medium: str | None
    size_limit: str | float | None
    def __init__(
        self,
        *,
        medium: str | None = None,
        size_limit: str | float | None = None,
    ) -> None: ...

class V1EnvFromSource(KubernetesObject):
    config_map_ref: V1ConfigMapEnvSource | Mapping[str, Any] | None
    prefix: str | None
    secret_ref: V1SecretEnvSource | Mapping[str, Any] | None
    def __init__(
        self,
        *,
        config_map_ref: V1ConfigMapEnvSource | Mapping[str, Any] | None = None,
        prefix: str | None = None,
        secret_ref: V1SecretEnvSource | Mapping[str, Any] | None = None,
    ) -> None: ...

class V1EnvVar(KubernetesObject):
    name: str
    value: str | float | None
    value_from: V1EnvVarSource | Mapping[str, Any] | None
    def __init__(
        self,
        *,
        name: str,
        value: str | float | None = None,
        value_from: V1EnvVarSource | Mapping[str, Any] | None = None,
    ) -> None: ...

class V1EnvVarSource(KubernetesObject):
    config_map_key_ref: V1ConfigMapKeySelector | Mapping[str, Any] | None
    field_ref: V1ObjectFieldSelector | Mapping[str, Any] | None
    file_key_ref: V1FileKeySelector | Mapping[str, Any] | None
    resource_field_ref: V1ResourceFieldSelector | Mapping[str, Any] | None
    secret_key_ref: V1SecretKeySelector | Mapping[str, Any] | None
    def __init__(
        self,
        *,
        config_map_key_ref: V1ConfigMapKeySelector | Mapping[str, Any] | None = None,
        field_ref: V1ObjectFieldSelector | Mapping[str, Any] | None = None,
        file_key_ref: V1FileKeySelector | Mapping[str, Any] | None = None,
        resource_field_ref: V1ResourceFieldSelector | Mapping[str, Any] | None = None,
        secret_key_ref: V1SecretKeySelector | Mapping[str, Any] | None = None,
    ) -> None: ...

class V1EphemeralContainer(KubernetesObject):
    args: Sequence[str] | None
    command: Sequence[str] | None
    env: Sequence[V1EnvVar | Mapping[str, Any]] | None
    env_from: Sequence[V1EnvFromSource | Mapping[str, Any]] | None
    image: str | None
    image_pull_policy: str | None
    lifecycle: V1Lifecycle | Mapping[str, Any] | None
    liveness_probe: V1Probe | Mapping[str, Any] | None
    name: str
    ports: Sequence[V1ContainerPort | Mapping[str, Any]] | None
    readiness_probe: V1Probe | Mapping[str, Any] | None
    resize_policy: Sequence[V1ContainerResizePolicy | Mapping[str, Any]] | None
    resources: V1ResourceRequirements | Mapping[str, Any] | None
    restart_policy: str | None
    restart_policy_rules: Sequence[V1ContainerRestartRule | Mapping[str, Any]] | None
    security_context: V1SecurityContext | Mapping[str, Any] | None
    startup_probe: V1Probe | Mapping[str, Any] | None
    stdin: bool | str | None
    stdin_once: bool | str | None
    target_container_name: str | None
    termination_message_path: str | None
    termination_message_policy: str | None
    tty: bool | str | None
    volume_devices: Sequence[V1VolumeDevice | Mapping[str, Any]] | None
    volume_mounts: Sequence[V1VolumeMount | Mapping[str, Any]] | None
    working_dir: str | None
    def __init__(
        self,
        *,
        name: str,
        args: Sequence[str] | None = None,
        command: Sequence[str] | None = None,
        env: Sequence[V1EnvVar | Mapping[str, Any]] | None = None,
        env_from: Sequence[V1EnvFromSource | Mapping[str, Any]] | None = None,
        image: str | None = None,
        image_pull_policy: str | None = None,
        lifecycle: V1Lifecycle | Mapping[str, Any] | None = None,
        liveness_probe: V1Probe | Mapping[str, Any] | None = None,
        ports: Sequence[V1ContainerPort | Mapping[str, Any]] | None = None,
        readiness_probe: V1Probe | Mapping[str, Any] | None = None,
        resize_policy: Sequence[V1ContainerResizePolicy | Mapping[str, Any]] | None = None,
        resources: V1ResourceRequirements | Mapping[str, Any] | None = None,
        restart_policy: str | None = None,
        restart_policy_rules: Sequence[V1ContainerRestartRule | Mapping[str, Any]] | None = None,
        security_context: V1SecurityContext | Mapping[str, Any] | None = None,
        startup_probe: V1Probe | Mapping[str, Any] | None = None,
        stdin: bool | str | None = None,
        stdin_once: bool | str | None = None,
        target_container_name: str | None = None,
        termination_message_path: str | None = None,
        termination_message_policy: str | None = None,
        tty: bool | str | None = None,
        volume_devices: Sequence[V1VolumeDevice | Mapping[str, Any]] | None = None,
        volume_mounts: Sequence[V1VolumeMount | Mapping[str, Any]] | None = None,
        working_dir: str | None = None,
    ) -> None: ...

class V1EphemeralVolumeSource(KubernetesObject):
    volume_claim_template: V1PersistentVolumeClaimTemplate | Mapping[str, Any] | None
    def __init__(
        self,
        *,
        volume_claim_template: V1PersistentVolumeClaimTemplate | Mapping[str, Any] | None = None,
    ) -> None: ...

class V1ExecAction(KubernetesObject):
    command: Sequence[str] | None
    def __init__(
        self,
        *,
        command: Sequence[str] | None = None,
    ) -> None: ...

class V1FCVolumeSource(KubernetesObject):
    fs_type: str | None
    lun: int | str | None
    read_only: bool | str | None
    target_wwns: Sequence[str] | None
    wwids: Sequence[str] | None
    def __init__(
        self,
        *,
        fs_type: str | None = None,
        lun: int | str | None = None,
        read_only: bool | str | None = None,
        target_wwns: Sequence[str] | None = None,
        wwids: Sequence[str] | None = None,
    ) -> None: ...

class V1FileKeySelector(KubernetesObject):
    key: str
    optional: bool | str | None
    path: str
    volume_name: str
    def __init__(
        self,
        *,
        key: str,
        path: str,
        volume_name: str,
        optional: bool | str | None = None,
    ) -> None: ...

class V1FlexVolumeSource(KubernetesObject):
    driver: str
    fs_type: str | None
    options: Mapping[str, str] | None
    read_only: bool | str | None
    secret_ref: V1LocalObjectReference | Mapping[str, Any] | None
    def __init__(
        self,
        *,
        driver: str,
        fs_type: str | None = None,
        options: Mapping[str, str] | None = None,
        read_only: bool | str | None = None,
        secret_ref: V1LocalObjectReference | Mapping[str, Any] | None = None,
    ) -> None: ...

class V1FlockerVolumeSource(KubernetesObject):
    dataset_name: str | None
    dataset_uuid: str | None
    def __init__(
        self,
        *,
        dataset_name: str | None = None,
        dataset_uuid: str | None = None,
    ) -> None: ...

class V1GCEPersistentDiskVolumeSource(KubernetesObject):
    fs_type: str | None
    partition: int | str | None
    pd_name: str
    read_only: bool | str | None
    def __init__(
        self,
        *,
        pd_name: str,
        fs_type: str | None = None,
        partition: int | str | None = None,
        read_only: bool | str | None = None,
    ) -> None: ...

class V1GRPCAction(KubernetesObject):
    port: int | str
    service: str | None
    def __init__(
        self,
        *,
        port: int | str,
        service: str | None = None,
    ) -> None: ...

class V1GitRepoVolumeSource(KubernetesObject):
    directory: str | None
    repository: str
    revision: str | None
    def __init__(
        self,
        *,
        repository: str,
        directory: str | None = None,
        revision: str | None = None,
    ) -> None: ...

class V1GlusterfsVolumeSource(KubernetesObject):
    endpoints: str
    path: str
    read_only: bool | str | None
    def __init__(
        self,
        *,
        endpoints: str,
        path: str,
        read_only: bool | str | None = None,
    ) -> None: ...

class V1HTTPGetAction(KubernetesObject):
    host: str | None
    http_headers: Sequence[V1HTTPHeader | Mapping[str, Any]] | None
    path: str | None
    port: int | str
    scheme: str | None
    def __init__(
        self,
        *,
        port: int | str,
        host: str | None = None,
        http_headers: Sequence[V1HTTPHeader | Mapping[str, Any]] | None = None,
        path: str | None = None,
        scheme: str | None = None,
    ) -> None: ...

class V1HTTPHeader(KubernetesObject):
    name: str
    value: str
    def __init__(
        self,
        *,
        name: str,
        value: str,
    ) -> None: ...

class V1HostAlias(KubernetesObject):
    hostnames: Sequence[str] | None
    ip: str
    def __init__(
        self,
        *,
        ip: str,
        hostnames: Sequence[str] | None = None,
    ) -> None: ...

class V1HostPathVolumeSource(KubernetesObject):
    path: str
    type: str | None
    def __init__(
        self,
        *,
        path: str,
        type: str | None = None,
    ) -> None: ...

class V1ISCSIVolumeSource(KubernetesObject):
    chap_auth_discovery: bool | str | None
    chap_auth_session: bool | str | None
    fs_type: str | None
    initiator_name: str | None
    iqn: str
    iscsi_interface: str | None
    lun: int | str
    portals: Sequence[str] | None
    read_only: bool | str | None
    secret_ref: V1LocalObjectReference | Mapping[str, Any] | None
    target_portal: str
    def __init__(
        self,
        *,
        iqn: str,
        lun: int | str,
        target_portal: str,
        chap_auth_discovery: bool | str | None = None,
        chap_auth_session: bool | str | None = None,
        fs_type: str | None = None,
        initiator_name: str | None = None,
        iscsi_interface: str | None = None,
        portals: Sequence[str] | None = None,
        read_only: bool | str | None = None,
        secret_ref: V1LocalObjectReference | Mapping[str, Any] | None = None,
    ) -> None: ...

class V1ImageVolumeSource(KubernetesObject):
    pull_policy: str | None
    reference: str | None
    def __init__(
        self,
        *,
        pull_policy: str | None = None,
        reference: str | None = None,
    ) -> None: ...

class V1KeyToPath(KubernetesObject):
    key: str
    mode: int | str | None
    path: str
    def __init__(
        self,
        *,
        key: str,
        path: str,
        mode: int | str | None = None,
    ) -> None: ...

class V1LabelSelector(KubernetesObject):
    match_expressions: Sequence[V1LabelSelectorRequirement | Mapping[str, Any]] | None
    match_labels: Mapping[str, str] | None
    def __init__(
        self,
        *,
        match_expressions: Sequence[V1LabelSelectorRequirement | Mapping[str, Any]] | None = None,
        match_labels: Mapping[str, str] | None = None,
    ) -> None: ...

class V1LabelSelectorRequirement(KubernetesObject):
    key: str
    operator: str
    values: Sequence[str] | None
    def __init__(
        self,
        *,
        key: str,
        operator: str,
        values: Sequence[str] | None = None,
    ) -> None: ...

class V1Lifecycle(KubernetesObject):
    post_start: V1LifecycleHandler | Mapping[str, Any] | None
    pre_stop: V1LifecycleHandler | Mapping[str, Any] | None
    stop_signal: str | None
    def __init__(
        self,
        *,
        post_start: V1LifecycleHandler | Mapping[str, Any] | None = None,
        pre_stop: V1LifecycleHandler | Mapping[str, Any] | None = None,
        stop_signal: str | None = None,
    ) -> None: ...

class V1LifecycleHandler(KubernetesObject):
    _exec: V1ExecAction | Mapping[str, Any] | None
    http_get: V1HTTPGetAction | Mapping[str, Any] | None
    sleep: V1SleepAction | Mapping[str, Any] | None
    tcp_socket: V1TCPSocketAction | Mapping[str, Any] | None
    def __init__(
        self,
        *,
        _exec: V1ExecAction | Mapping[str, Any] | None = None,
        http_get: V1HTTPGetAction | Mapping[str, Any] | None = None,
        sleep: V1SleepAction | Mapping[str, Any] | None = None,
        tcp_socket: V1TCPSocketAction | Mapping[str, Any] | None = None,
    ) -> None: ...

class V1LocalObjectReference(KubernetesObject):
    name: str | None
    def __init__(
        self,
        *,
        name: str | None = None,
    ) -> None: ...

class V1ManagedFieldsEntry(KubernetesObject):
    api_version: str | None
    fields_type: str | None
    fields_v1: Any | None
    manager: str | None
    operation: str | None
    subresource: str | None
    time: datetime | str | None
    def __init__(
        self,
        *,
        api_version: str | None = None,
        fields_type: str | None = None,
        fields_v1: Any | None = None,
        manager: str | None = None,
        operation: str | None = None,
        subresource: str | None = None,
        time: datetime | str | None = None,
    ) -> None: ...

class V1NFSVolumeSource(KubernetesObject):
    path: str
    read_only: bool | str | None
    server: str
    def __init__(
        self,
        *,
        path: str,
        server: str,
        read_only: bool | str | None = None,
    ) -> None: ...

class V1NodeAffinity(KubernetesObject):
    preferred_during_scheduling_ignored_during_execution: Sequence[V1PreferredSchedulingTerm | Mapping[str, Any]] | None
    required_during_scheduling_ignored_during_execution: V1NodeSelector | Mapping[str, Any] | None
    def __init__(
        self,
        *,
        preferred_during_scheduling_ignored_during_execution: Sequence[V1PreferredSchedulingTerm | Mapping[str, Any]] | None = None,
        required_during_scheduling_ignored_during_execution: V1NodeSelector | Mapping[str, Any] | None = None,
    ) -> None: ...

class V1NodeSelector(KubernetesObject):
    node_selector_terms: Sequence[V1NodeSelectorTerm | Mapping[str, Any]]
    def __init__(
        self,
        *,
        node_selector_terms: Sequence[V1NodeSelectorTerm | Mapping[str, Any]],
    ) -> None: ...

class V1NodeSelectorRequirement(KubernetesObject):
    key: str
    operator: str
    values: Sequence[str] | None
    def __init__(
        self,
        *,
        key: str,
        operator: str,
        values: Sequence[str] | None = None,
    ) -> None: ...

class V1NodeSelectorTerm(KubernetesObject):
    match_expressions: Sequence[V1NodeSelectorRequirement | Mapping[str, Any]] | None
    match_fields: Sequence[V1NodeSelectorRequirement | Mapping[str, Any]] | None
    def __init__(
        self,
        *,
        match_expressions: Sequence[V1NodeSelectorRequirement | Mapping[str, Any]] | None = None,
        match_fields: Sequence[V1NodeSelectorRequirement | Mapping[str, Any]] | None = None,
    ) -> None: ...

class V1ObjectFieldSelector(KubernetesObject):
    api_version: str | None
    field_path: str
    def __init__(
        self,
        *,
        field_path: str,
        api_version: str | None = None,
    ) -> None: ...

class V1ObjectMeta(KubernetesObject):
    annotations: Mapping[str, str] | None
    creation_timestamp: datetime | str | None
    deletion_grace_period_seconds: int | str | None
    deletion_timestamp: datetime | str | None
    finalizers: Sequence[str] | None
    generate_name: str | None
    generation: int | str | None
    labels: Mapping[str, str] | None
    managed_fields: Sequence[V1ManagedFieldsEntry | Mapping[str, Any]] | None
    name: str | None
    namespace: str | None
    owner_references: Sequence[V1OwnerReference | Mapping[str, Any]] | None
    resource_version: str | None
    self_link: str | None
    uid: str | None
    def __init__(
        self,
        *,
        annotations: Mapping[str, str] | None = None,
        creation_timestamp: datetime | str | None = None,
        deletion_grace_period_seconds: int | str | None = None,
        deletion_timestamp: datetime | str | None = None,
        finalizers: Sequence[str] | None = None,
        generate_name: str | None = None,
        generation: int | str | None = None,
        labels: Mapping[str, str] | None = None,
        managed_fields: Sequence[V1ManagedFieldsEntry | Mapping[str, Any]] | None = None,
        name: str | None = None,
        namespace: str | None = None,
        owner_references: Sequence[V1OwnerReference | Mapping[str, Any]] | None = None,
        resource_version: str | None = None,
        self_link: str | None = None,
        uid: str | None = None,
    ) -> None: ...

class V1OwnerReference(KubernetesObject):
    api_version: str
    block_owner_deletion: bool | str | None
    controller: bool | str | None
    kind: str
    name: str
    uid: str
    def __init__(
        self,
        *,
        api_version: str,
        kind: str,
        name: str,
        uid: str,
        block_owner_deletion: bool | str | None = None,
        controller: bool | str | None = None,
    ) -> None: ...

class V1PersistentVolumeClaimSpec(KubernetesObject):
    access_modes: Sequence[str] | None
    data_source: V1TypedLocalObjectReference | Mapping[str, Any] | None
    data_source_ref: V1TypedObjectReference | Mapping[str, Any] | None
    resources: V1VolumeResourceRequirements | Mapping[str, Any] | None
    selector: V1LabelSelector | Mapping[str, Any] | None
    storage_class_name: str | None
    volume_attributes_class_name: str | None
    volume_mode: str | None
    volume_name: str | None
    def __init__(
        self,
        *,
        access_modes: Sequence[str] | None = None,
        data_source: V1TypedLocalObjectReference | Mapping[str, Any] | None = None,
        data_source_ref: V1TypedObjectReference | Mapping[str, Any] | None = None,
        resources: V1VolumeResourceRequirements | Mapping[str, Any] | None = None,
        selector: V1LabelSelector | Mapping[str, Any] | None = None,
        storage_class_name: str | None = None,
        volume_attributes_class_name: str | None = None,
        volume_mode: str | None = None,
        volume_name: str | None = None,
    ) -> None: ...

class V1PersistentVolumeClaimTemplate(KubernetesObject):
    metadata: V1ObjectMeta | Mapping[str, Any] | None
    spec: V1PersistentVolumeClaimSpec | Mapping[str, Any]
    def __init__(
        self,
        *,
        spec: V1PersistentVolumeClaimSpec | Mapping[str, Any],
        metadata: V1ObjectMeta | Mapping[str, Any] | None = None,
    ) -> None: ...

class V1PersistentVolumeClaimVolumeSource(KubernetesObject):
    claim_name: str
    read_only: bool | str | None
    def __init__(
        self,
        *,
        claim_name: str,
        read_only: bool | str | None = None,
    ) -> None: ...

class V1PhotonPersistentDiskVolumeSource(KubernetesObject):
    fs_type: str | None
    pd_id: str
    def __init__(
        self,
        *,
        pd_id: str,
        fs_type: str | None = None,
    ) -> None: ...

class V1PodAffinity(KubernetesObject):
    preferred_during_scheduling_ignored_during_execution: Sequence[V1WeightedPodAffinityTerm | Mapping[str, Any]] | None
    required_during_scheduling_ignored_during_execution: Sequence[V1PodAffinityTerm | Mapping[str, Any]] | None
    def __init__(
        self,
        *,
        preferred_during_scheduling_ignored_during_execution: Sequence[V1WeightedPodAffinityTerm | Mapping[str, Any]] | None = None,
        required_during_scheduling_ignored_during_execution: Sequence[V1PodAffinityTerm | Mapping[str, Any]] | None = None,
    ) -> None: ...

class V1PodAffinityTerm(KubernetesObject):
    label_selector: V1LabelSelector | Mapping[str, Any] | None
    match_label_keys: Sequence[str] | None
    mismatch_label_keys: Sequence[str] | None
    namespace_selector: V1LabelSelector | Mapping[str, Any] | None
    namespaces: Sequence[str] | None
    topology_key: str
    def __init__(
        self,
        *,
        topology_key: str,
        label_selector: V1LabelSelector | Mapping[str, Any] | None = None,
        match_label_keys: Sequence[str] | None = None,
        mismatch_label_keys: Sequence[str] | None = None,
        namespace_selector: V1LabelSelector | Mapping[str, Any] | None = None,
        namespaces: Sequence[str] | None = None,
    ) -> None: ...

class V1PodAntiAffinity(KubernetesObject):
    preferred_during_scheduling_ignored_during_execution: Sequence[V1WeightedPodAffinityTerm | Mapping[str, Any]] | None
    required_during_scheduling_ignored_during_execution: Sequence[V1PodAffinityTerm | Mapping[str, Any]] | None
    def __init__(
        self,
        *,
        preferred_during_scheduling_ignored_during_execution: Sequence[V1WeightedPodAffinityTerm | Mapping[str, Any]] | None = None,
        required_during_scheduling_ignored_during_execution: Sequence[V1PodAffinityTerm | Mapping[str, Any]] | None = None,
    ) -> None: ...

class V1PodCertificateProjection(KubernetesObject):
    certificate_chain_path: str | None
    credential_bundle_path: str | None
    key_path: str | None
    key_type: str
    max_expiration_seconds: int | str | None
    signer_name: str
    user_annotations: Mapping[str, str] | None
    def __init__(
        self,
        *,
        key_type: str,
        signer_name: str,
        certificate_chain_path: str | None = None,
        credential_bundle_path: str | None = None,
        key_path: str | None = None,
        max_expiration_seconds: int | str | None = None,
        user_annotations: Mapping[str, str] | None = None,
    ) -> None: ...

class V1PodDNSConfig(KubernetesObject):
    nameservers: Sequence[str] | None
    options: Sequence[V1PodDNSConfigOption | Mapping[str, Any]] | None
    searches: Sequence[str] | None
    def __init__(
        self,
        *,
        nameservers: Sequence[str] | None = None,
        options: Sequence[V1PodDNSConfigOption | Mapping[str, Any]] | None = None,
        searches: Sequence[str] | None = None,
    ) -> None: ...

class V1PodDNSConfigOption(KubernetesObject):
    name: str | None
    value: str | None
    def __init__(
        self,
        *,
        name: str | None = None,
        value: str | None = None,
    ) -> None: ...

class V1PodFailurePolicy(KubernetesObject):
    rules: Sequence[V1PodFailurePolicyRule | Mapping[str, Any]]
    def __init__(
        self,
        *,
        rules: Sequence[V1PodFailurePolicyRule | Mapping[str, Any]],
    ) -> None: ...

class V1PodFailurePolicyOnExitCodesRequirement(KubernetesObject):
    container_name: str | None
    operator: str
    values: Sequence[int | str]
    def __init__(
        self,
        *,
        operator: str,
        values: Sequence[int | str],
        container_name: str | None = None,
    ) -> None: ...

class V1PodFailurePolicyOnPodConditionsPattern(KubernetesObject):
    status: str | None
    type: str
    def __init__(
        self,
        *,
        type: str,
        status: str | None = None,
    ) -> None: ...

class V1PodFailurePolicyRule(KubernetesObject):
    action: str
    on_exit_codes: V1PodFailurePolicyOnExitCodesRequirement | Mapping[str, Any] | None
    on_pod_conditions: Sequence[V1PodFailurePolicyOnPodConditionsPattern | Mapping[str, Any]] | None
    def __init__(
        self,
        *,
        action: str,
        on_exit_codes: V1PodFailurePolicyOnExitCodesRequirement | Mapping[str, Any] | None = None,
        on_pod_conditions: Sequence[V1PodFailurePolicyOnPodConditionsPattern | Mapping[str, Any]] | None = None,
    ) -> None: ...

class V1PodOS(KubernetesObject):
    name: str
    def __init__(
        self,
        *,
        name: str,
    ) -> None: ...

class V1PodReadinessGate(KubernetesObject):
    condition_type: str
    def __init__(
        self,
        *,
        condition_type: str,
    ) -> None: ...

class V1PodResourceClaim(KubernetesObject):
    name: str
    resource_claim_name: str | None
    resource_claim_template_name: str | None
    def __init__(
        self,
        *,
        name: str,
        resource_claim_name: str | None = None,
        resource_claim_template_name: str | None = None,
    ) -> None: ...

class V1PodSchedulingGate(KubernetesObject):
    name: str
    def __init__(
        self,
        *,
        name: str,
    ) -> None: ...

class V1PodSchedulingGroup(KubernetesObject):
    pod_group_name: str | None
    def __init__(
        self,
        *,
        pod_group_name: str | None = None,
    ) -> None: ...

class V1PodSecurityContext(KubernetesObject):
    app_armor_profile: V1AppArmorProfile | Mapping[str, Any] | None
    fs_group: int | str | None
    fs_group_change_policy: str | None
    run_as_group: int | str | None
    run_as_non_root: bool | str | None
    run_as_user: int | str | None
    se_linux_change_policy: str | None
    se_linux_options: V1SELinuxOptions | Mapping[str, Any] | None
    seccomp_profile: V1SeccompProfile | Mapping[str, Any] | None
    supplemental_groups: Sequence[int | str] | None
    supplemental_groups_policy: str | None
    sysctls: Sequence[V1Sysctl | Mapping[str, Any]] | None
    windows_options: V1WindowsSecurityContextOptions | Mapping[str, Any] | None
    def __init__(
        self,
        *,
        app_armor_profile: V1AppArmorProfile | Mapping[str, Any] | None = None,
        fs_group: int | str | None = None,
        fs_group_change_policy: str | None = None,
        run_as_group: int | str | None = None,
        run_as_non_root: bool | str | None = None,
        run_as_user: int | str | None = None,
        se_linux_change_policy: str | None = None,
        se_linux_options: V1SELinuxOptions | Mapping[str, Any] | None = None,
        seccomp_profile: V1SeccompProfile | Mapping[str, Any] | None = None,
        supplemental_groups: Sequence[int | str] | None = None,
        supplemental_groups_policy: str | None = None,
        sysctls: Sequence[V1Sysctl | Mapping[str, Any]] | None = None,
        windows_options: V1WindowsSecurityContextOptions | Mapping[str, Any] | None = None,
    ) -> None: ...

class V1PodSpec(KubernetesObject):
    active_deadline_seconds: int | str | None
    affinity: V1Affinity | Mapping[str, Any] | None
    automount_service_account_token: bool | str | None
    containers: Sequence[V1Container | Mapping[str, Any]]
    dns_config: V1PodDNSConfig | Mapping[str, Any] | None
    dns_policy: str | None
    enable_service_links: bool | str | None
    ephemeral_containers: Sequence[V1EphemeralContainer | Mapping[str, Any]] | None
    host_aliases: Sequence[V1HostAlias | Mapping[str, Any]] | None
    host_ipc: bool | str | None
    host_network: bool | str | None
    host_pid: bool | str | None
    host_users: bool | str | None
    hostname: str | None
    hostname_override: str | None
    image_pull_secrets: Sequence[V1LocalObjectReference | Mapping[str, Any]] | None
    init_containers: Sequence[V1Container | Mapping[str, Any]] | None
    node_name: str | None
    node_selector: Mapping[str, str] | None
    os: V1PodOS | Mapping[str, Any] | None
    overhead: Mapping[str, str | float] | None
    preemption_policy: str | None
    priority: int | str | None
    priority_class_name: str | None
    readiness_gates: Sequence[V1PodReadinessGate | Mapping[str, Any]] | None
    resource_claims: Sequence[V1PodResourceClaim | Mapping[str, Any]] | None
    resources: V1ResourceRequirements | Mapping[str, Any] | None
    restart_policy: str | None
    runtime_class_name: str | None
    scheduler_name: str | None
    scheduling_gates: Sequence[V1PodSchedulingGate | Mapping[str, Any]] | None
    scheduling_group: V1PodSchedulingGroup | Mapping[str, Any] | None
    security_context: V1PodSecurityContext | Mapping[str, Any] | None
    service_account: str | None
    service_account_name: str | None
    set_hostname_as_fqdn: bool | str | None
    share_process_namespace: bool | str | None
    subdomain: str | None
    termination_grace_period_seconds: int | str | None
    tolerations: Sequence[V1Toleration | Mapping[str, Any]] | None
    topology_spread_constraints: Sequence[V1TopologySpreadConstraint | Mapping[str, Any]] | None
    volumes: Sequence[V1Volume | Mapping[str, Any]] | None
    def __init__(
        self,
        *,
        containers: Sequence[V1Container | Mapping[str, Any]],
        active_deadline_seconds: int | str | None = None,
        affinity: V1Affinity | Mapping[str, Any] | None = None,
        automount_service_account_token: bool | str | None = None,
        dns_config: V1PodDNSConfig | Mapping[str, Any] | None = None,
        dns_policy: str | None = None,
        enable_service_links: bool | str | None = None,
        ephemeral_containers: Sequence[V1EphemeralContainer | Mapping[str, Any]] | None = None,
        host_aliases: Sequence[V1HostAlias | Mapping[str, Any]] | None = None,
        host_ipc: bool | str | None = None,
        host_network: bool | str | None = None,
        host_pid: bool | str | None = None,
        host_users: bool | str | None = None,
        hostname: str | None = None,
        hostname_override: str | None = None,
        image_pull_secrets: Sequence[V1LocalObjectReference | Mapping[str, Any]] | None = None,
        init_containers: Sequence[V1Container | Mapping[str, Any]] | None = None,
        node_name: str | None = None,
        node_selector: Mapping[str, str] | None = None,
        os: V1PodOS | Mapping[str, Any] | None = None,
        overhead: Mapping[str, str | float] | None = None,
        preemption_policy: str | None = None,
        priority: int | str | None = None,
        priority_class_name: str | None = None,
        readiness_gates: Sequence[V1PodReadinessGate | Mapping[str, Any]] | None = None,
        resource_claims: Sequence[V1PodResourceClaim | Mapping[str, Any]] | None = None,
        resources: V1ResourceRequirements | Mapping[str, Any] | None = None,
        restart_policy: str | None = None,
        runtime_class_name: str | None = None,
        scheduler_name: str | None = None,
        scheduling_gates: Sequence[V1PodSchedulingGate | Mapping[str, Any]] | None = None,
        scheduling_group: V1PodSchedulingGroup | Mapping[str, Any] | None = None,
        security_context: V1PodSecurityContext | Mapping[str, Any] | None = None,
        service_account: str | None = None,
        service_account_name: str | None = None,
        set_hostname_as_fqdn: bool | str | None = None,
        share_process_namespace: bool | str | None = None,
        subdomain: str | None = None,
        termination_grace_period_seconds: int | str | None = None,
        tolerations: Sequence[V1Toleration | Mapping[str, Any]] | None = None,
        topology_spread_constraints: Sequence[V1TopologySpreadConstraint | Mapping[str, Any]] | None = None,
        volumes: Sequence[V1Volume | Mapping[str, Any]] | None = None,
    ) -> None: ...

class V1PodTemplateSpec(KubernetesObject):
    metadata: V1ObjectMeta | Mapping[str, Any] | None
    spec: V1PodSpec | Mapping[str, Any] | None
    def __init__(
        self,
        *,
        metadata: V1ObjectMeta | Mapping[str, Any] | None = None,
        spec: V1PodSpec | Mapping[str, Any] | None = None,
    ) -> None: ...

class V1PortworxVolumeSource(KubernetesObject):
    fs_type: str | None
    read_only: bool | str | None
    volume_id: str
    def __init__(
        self,
        *,
        volume_id: str,
        fs_type: str | None = None,
        read_only: bool | str | None = None,
    ) -> None: ...

class V1PreferredSchedulingTerm(KubernetesObject):
    preference: V1NodeSelectorTerm | Mapping[str, Any]
    weight: int | str
    def __init__(
        self,
        *,
        preference: V1NodeSelectorTerm | Mapping[str, Any],
        weight: int | str,
    ) -> None: ...

class V1Probe(KubernetesObject):
    _exec: V1ExecAction | Mapping[str, Any] | None
    failure_threshold: int | str | None
    grpc: V1GRPCAction | Mapping[str, Any] | None
    http_get: V1HTTPGetAction | Mapping[str, Any] | None
    initial_delay_seconds: int | str | None
    period_seconds: int | str | None
    success_threshold: int | str | None
    tcp_socket: V1TCPSocketAction | Mapping[str, Any] | None
    termination_grace_period_seconds: int | str | None
    timeout_seconds: int | str | None
    def __init__(
        self,
        *,
        _exec: V1ExecAction | Mapping[str, Any] | None = None,
        failure_threshold: int | str | None = None,
        grpc: V1GRPCAction | Mapping[str, Any] | None = None,
        http_get: V1HTTPGetAction | Mapping[str, Any] | None = None,
        initial_delay_seconds: int | str | None = None,
        period_seconds: int | str | None = None,
        success_threshold: int | str | None = None,
        tcp_socket: V1TCPSocketAction | Mapping[str, Any] | None = None,
        termination_grace_period_seconds: int | str | None = None,
        timeout_seconds: int | str | None = None,
    ) -> None: ...

class V1ProjectedVolumeSource(KubernetesObject):
    default_mode: int | str | None
    sources: Sequence[V1VolumeProjection | Mapping[str, Any]] | None
    def __init__(
        self,
        *,
        default_mode: int | str | None = None,
        sources: Sequence[V1VolumeProjection | Mapping[str, Any]] | None = None,
    ) -> None: ...

class V1QuobyteVolumeSource(KubernetesObject):
    group: str | None
    read_only: bool | str | None
    registry: str
    tenant: str | None
    user: str | None
    volume: str
    def __init__(
        self,
        *,
        registry: str,
        volume: str,
        group: str | None = None,
        read_only: bool | str | None = None,
        tenant: str | None = None,
        user: str | None = None,
    ) -> None: ...

class V1RBDVolumeSource(KubernetesObject):
    fs_type: str | None
    image: str
    keyring: str | None
    monitors: Sequence[str]
    pool: str | None
    read_only: bool | str | None
    secret_ref: V1LocalObjectReference | Mapping[str, Any] | None
    user: str | None
    def __init__(
        self,
        *,
        image: str,
        monitors: Sequence[str],
        fs_type: str | None = None,
        keyring: str | None = None,
        pool: str | None = None,
        read_only: bool | str | None = None,
        secret_ref: V1LocalObjectReference | Mapping[str, Any] | None = None,
        user: str | None = None,
    ) -> None: ...

class V1ResourceFieldSelector(KubernetesObject):
    container_name: str | None
    divisor: str | float | None
    resource: str
    def __init__(
        self,
        *,
        resource: str,
        container_name: str | None = None,
        divisor: str | float | None = None,
    ) -> None: ...

class V1ResourceRequirements(KubernetesObject):
    claims: Sequence[CoreV1ResourceClaim | Mapping[str, Any]] | None
    limits: Mapping[str, str | float] | None
    requests: Mapping[str, str | float] | None
    def __init__(
        self,
        *,
        claims: Sequence[CoreV1ResourceClaim | Mapping[str, Any]] | None = None,
        limits: Mapping[str, str | float] | None = None,
        requests: Mapping[str, str | float] | None = None,
    ) -> None: ...

class V1SELinuxOptions(KubernetesObject):
    level: str | None
    role: str | None
    type: str | None
    user: str | None
    def __init__(
        self,
        *,
        level: str | None = None,
        role: str | None = None,
        type: str | None = None,
        user: str | None = None,
    ) -> None: ...

class V1ScaleIOVolumeSource(KubernetesObject):
    fs_type: str | None
    gateway: str
    protection_domain: str | None
    read_only: bool | str | None
    secret_ref: V1LocalObjectReference | Mapping[str, Any]
    ssl_enabled: bool | str | None
    storage_mode: str | None
    storage_pool: str | None
    system: str
    volume_name: str | None
    def __init__(
        self,
        *,
        gateway: str,
        secret_ref: V1LocalObjectReference | Mapping[str, Any],
        system: str,
        fs_type: str | None = None,
        protection_domain: str | None = None,
        read_only: bool | str | None = None,
        ssl_enabled: bool | str | None = None,
        storage_mode: str | None = None,
        storage_pool: str | None = None,
        volume_name: str | None = None,
    ) -> None: ...

class V1SeccompProfile(KubernetesObject):
    localhost_profile: str | None
    type: str
    def __init__(
        self,
        *,
        type: str,
        localhost_profile: str | None = None,
    ) -> None: ...

class V1SecretEnvSource(KubernetesObject):
    name: str | None
    optional: bool | str | None
    def __init__(
        self,
        *,
        name: str | None = None,
        optional: bool | str | None = None,
    ) -> None: ...

class V1SecretKeySelector(KubernetesObject):
    key: str
    name: str | None
    optional: bool | str | None
    def __init__(
        self,
        *,
        key: str,
        name: str | None = None,
        optional: bool | str | None = None,
    ) -> None: ...

class V1SecretProjection(KubernetesObject):
    items: Sequence[V1KeyToPath | Mapping[str, Any]] | None
    name: str | None
    optional: bool | str | None
    def __init__(
        self,
        *,
        items: Sequence[V1KeyToPath | Mapping[str, Any]] | None = None,
        name: str | None = None,
        optional: bool | str | None = None,
    ) -> None: ...

class V1SecretVolumeSource(KubernetesObject):
    default_mode: int | str | None
    items: Sequence[V1KeyToPath | Mapping[str, Any]] | None
    optional: bool | str | None
    secret_name: str | None
    def __init__(
        self,
        *,
        default_mode: int | str | None = None,
        items: Sequence[V1KeyToPath | Mapping[str, Any]] | None = None,
        optional: bool | str | None = None,
        secret_name: str | None = None,
    ) -> None: ...

class V1SecurityContext(KubernetesObject):
    allow_privilege_escalation: bool | str | None
    app_armor_profile: V1AppArmorProfile | Mapping[str, Any] | None
    capabilities: V1Capabilities | Mapping[str, Any] | None
    privileged: bool | str | None
    proc_mount: str | None
    read_only_root_filesystem: bool | str | None
    run_as_group: int | str | None
    run_as_non_root: bool | str | None
    run_as_user: int | str | None
    se_linux_options: V1SELinuxOptions | Mapping[str, Any] | None
    seccomp_profile: V1SeccompProfile | Mapping[str, Any] | None
    windows_options: V1WindowsSecurityContextOptions | Mapping[str, Any] | None
    def __init__(
        self,
        *,
        allow_privilege_escalation: bool | str | None = None,
        app_armor_profile: V1AppArmorProfile | Mapping[str, Any] | None = None,
        capabilities: V1Capabilities | Mapping[str, Any] | None = None,
        privileged: bool | str | None = None,
        proc_mount: str | None = None,
        read_only_root_filesystem: bool | str | None = None,
        run_as_group: int | str | None = None,
        run_as_non_root: bool | str | None = None,
        run_as_user: int | str | None = None,
        se_linux_options: V1SELinuxOptions | Mapping[str, Any] | None = None,
        seccomp_profile: V1SeccompProfile | Mapping[str, Any] | None = None,
        windows_options: V1WindowsSecurityContextOptions | Mapping[str, Any] | None = None,
    ) -> None: ...

class V1ServiceAccountTokenProjection(KubernetesObject):
    audience: str | None
    expiration_seconds: int | str | None
    path: str
    def __init__(
        self,
        *,
        path: str,
        audience: str | None = None,
        expiration_seconds: int | str | None = None,
    ) -> None: ...

class V1SleepAction(KubernetesObject):
    seconds: int | str
    def __init__(
        self,
        *,
        seconds: int | str,
    ) -> None: ...

class V1StorageOSVolumeSource(KubernetesObject):
    fs_type: str | None
    read_only: bool | str | None
    secret_ref: V1LocalObjectReference | Mapping[str, Any] | None
    volume_name: str | None
    volume_namespace: str | None
    def __init__(
        self,
        *,
        fs_type: str | None = None,
        read_only: bool | str | None = None,
        secret_ref: V1LocalObjectReference | Mapping[str, Any] | None = None,
        volume_name: str | None = None,
        volume_namespace: str | None = None,
    ) -> None: ...

class V1Sysctl(KubernetesObject):
    name: str
    value: str
    def __init__(
        self,
        *,
        name: str,
        value: str,
    ) -> None: ...

class V1TCPSocketAction(KubernetesObject):
    host: str | None
    port: int | str
    def __init__(
        self,
        *,
        port: int | str,
        host: str | None = None,
    ) -> None: ...

class V1Toleration(KubernetesObject):
    effect: str | None
    key: str | None
    operator: str | None
    toleration_seconds: int | str | None
    value: str | None
    def __init__(
        self,
        *,
        effect: str | None = None,
        key: str | None = None,
        operator: str | None = None,
        toleration_seconds: int | str | None = None,
        value: str | None = None,
    ) -> None: ...

class V1TopologySpreadConstraint(KubernetesObject):
    label_selector: V1LabelSelector | Mapping[str, Any] | None
    match_label_keys: Sequence[str] | None
    max_skew: int | str
    min_domains: int | str | None
    node_affinity_policy: str | None
    node_taints_policy: str | None
    topology_key: str
    when_unsatisfiable: str
    def __init__(
        self,
        *,
        max_skew: int | str,
        topology_key: str,
        when_unsatisfiable: str,
        label_selector: V1LabelSelector | Mapping[str, Any] | None = None,
        match_label_keys: Sequence[str] | None = None,
        min_domains: int | str | None = None,
        node_affinity_policy: str | None = None,
        node_taints_policy: str | None = None,
    ) -> None: ...

class V1TypedLocalObjectReference(KubernetesObject):
    api_group: str | None
    kind: str
    name: str
    def __init__(
        self,
        *,
        kind: str,
        name: str,
        api_group: str | None = None,
    ) -> None: ...

class V1TypedObjectReference(KubernetesObject):
    api_group: str | None
    kind: str
    name: str
    namespace: str | None
    def __init__(
        self,
        *,
        kind: str,
        name: str,
        api_group: str | None = None,
        namespace: str | None = None,
    ) -> None: ...

class V1Volume(KubernetesObject):
    aws_elastic_block_store: V1AWSElasticBlockStoreVolumeSource | Mapping[str, Any] | None
    azure_disk: V1AzureDiskVolumeSource | Mapping[str, Any] | None
    azure_file: V1AzureFileVolumeSource | Mapping[str, Any] | None
    cephfs: V1CephFSVolumeSource | Mapping[str, Any] | None
    cinder: V1CinderVolumeSource | Mapping[str, Any] | None
    config_map: V1ConfigMapVolumeSource | Mapping[str, Any] | None
    csi: V1CSIVolumeSource | Mapping[str, Any] | None
    downward_api: V1DownwardAPIVolumeSource | Mapping[str, Any] | None
    empty_dir: V1EmptyDirVolumeSource | Mapping[str, Any] | None
    ephemeral: V1EphemeralVolumeSource | Mapping[str, Any] | None
    fc: V1FCVolumeSource | Mapping[str, Any] | None
    flex_volume: V1FlexVolumeSource | Mapping[str, Any] | None
    flocker: V1FlockerVolumeSource | Mapping[str, Any] | None
    gce_persistent_disk: V1GCEPersistentDiskVolumeSource | Mapping[str, Any] | None
    git_repo: V1GitRepoVolumeSource | Mapping[str, Any] | None
    glusterfs: V1GlusterfsVolumeSource | Mapping[str, Any] | None
    host_path: V1HostPathVolumeSource | Mapping[str, Any] | None
    image: V1ImageVolumeSource | Mapping[str, Any] | None
    iscsi: V1ISCSIVolumeSource | Mapping[str, Any] | None
    name: str
    nfs: V1NFSVolumeSource | Mapping[str, Any] | None
    persistent_volume_claim: V1PersistentVolumeClaimVolumeSource | Mapping[str, Any] | None
    photon_persistent_disk: V1PhotonPersistentDiskVolumeSource | Mapping[str, Any] | None
    portworx_volume: V1PortworxVolumeSource | Mapping[str, Any] | None
    projected: V1ProjectedVolumeSource | Mapping[str, Any] | None
    quobyte: V1QuobyteVolumeSource | Mapping[str, Any] | None
    rbd: V1RBDVolumeSource | Mapping[str, Any] | None
    scale_io: V1ScaleIOVolumeSource | Mapping[str, Any] | None
    secret: V1SecretVolumeSource | Mapping[str, Any] | None
    storageos: V1StorageOSVolumeSource | Mapping[str, Any] | None
    vsphere_volume: V1VsphereVirtualDiskVolumeSource | Mapping[str, Any] | None
    def __init__(
        self,
        *,
        name: str,
        aws_elastic_block_store: V1AWSElasticBlockStoreVolumeSource | Mapping[str, Any] | None = None,
        azure_disk: V1AzureDiskVolumeSource | Mapping[str, Any] | None = None,
        azure_file: V1AzureFileVolumeSource | Mapping[str, Any] | None = None,
        cephfs: V1CephFSVolumeSource | Mapping[str, Any] | None = None,
        cinder: V1CinderVolumeSource | Mapping[str, Any] | None = None,
        config_map: V1ConfigMapVolumeSource | Mapping[str, Any] | None = None,
        csi: V1CSIVolumeSource | Mapping[str, Any] | None = None,
        downward_api: V1DownwardAPIVolumeSource | Mapping[str, Any] | None = None,
        empty_dir: V1EmptyDirVolumeSource | Mapping[str, Any] | None = None,
        ephemeral: V1EphemeralVolumeSource | Mapping[str, Any] | None = None,
        fc: V1FCVolumeSource | Mapping[str, Any] | None = None,
        flex_volume: V1FlexVolumeSource | Mapping[str, Any] | None = None,
        flocker: V1FlockerVolumeSource | Mapping[str, Any] | None = None,
        gce_persistent_disk: V1GCEPersistentDiskVolumeSource | Mapping[str, Any] | None = None,
        git_repo: V1GitRepoVolumeSource | Mapping[str, Any] | None = None,
        glusterfs: V1GlusterfsVolumeSource | Mapping[str, Any] | None = None,
        host_path: V1HostPathVolumeSource | Mapping[str, Any] | None = None,
        image: V1ImageVolumeSource | Mapping[str, Any] | None = None,
        iscsi: V1ISCSIVolumeSource | Mapping[str, Any] | None = None,
        nfs: V1NFSVolumeSource | Mapping[str, Any] | None = None,
        persistent_volume_claim: V1PersistentVolumeClaimVolumeSource | Mapping[str, Any] | None = None,
        photon_persistent_disk: V1PhotonPersistentDiskVolumeSource | Mapping[str, Any] | None = None,
        portworx_volume: V1PortworxVolumeSource | Mapping[str, Any] | None = None,
        projected: V1ProjectedVolumeSource | Mapping[str, Any] | None = None,
        quobyte: V1QuobyteVolumeSource | Mapping[str, Any] | None = None,
        rbd: V1RBDVolumeSource | Mapping[str, Any] | None = None,
        scale_io: V1ScaleIOVolumeSource | Mapping[str, Any] | None = None,
        secret: V1SecretVolumeSource | Mapping[str, Any] | None = None,
        storageos: V1StorageOSVolumeSource | Mapping[str, Any] | None = None,
        vsphere_volume: V1VsphereVirtualDiskVolumeSource | Mapping[str, Any] | None = None,
    ) -> None: ...

class V1VolumeDevice(KubernetesObject):
    device_path: str
    name: str
    def __init__(
        self,
        *,
        device_path: str,
        name: str,
    ) -> None: ...

class V1VolumeMount(KubernetesObject):
    mount_path: str
    mount_propagation: str | None
    name: str
    read_only: bool | str | None
    recursive_read_only: str | None
    sub_path: str | None
    sub_path_expr: str | None
    def __init__(
        self,
        *,
        mount_path: str,
        name: str,
        mount_propagation: str | None = None,
        read_only: bool | str | None = None,
        recursive_read_only: str | None = None,
        sub_path: str | None = None,
        sub_path_expr: str | None = None,
    ) -> None: ...

class V1VolumeProjection(KubernetesObject):
    cluster_trust_bundle: V1ClusterTrustBundleProjection | Mapping[str, Any] | None
    config_map: V1ConfigMapProjection | Mapping[str, Any] | None
    downward_api: V1DownwardAPIProjection | Mapping[str, Any] | None
    pod_certificate: V1PodCertificateProjection | Mapping[str, Any] | None
    secret: V1SecretProjection | Mapping[str, Any] | None
    service_account_token: V1ServiceAccountTokenProjection | Mapping[str, Any] | None
    def __init__(
        self,
        *,
        cluster_trust_bundle: V1ClusterTrustBundleProjection | Mapping[str, Any] | None = None,
        config_map: V1ConfigMapProjection | Mapping[str, Any] | None = None,
        downward_api: V1DownwardAPIProjection | Mapping[str, Any] | None = None,
        pod_certificate: V1PodCertificateProjection | Mapping[str, Any] | None = None,
        secret: V1SecretProjection | Mapping[str, Any] | None = None,
        service_account_token: V1ServiceAccountTokenProjection | Mapping[str, Any] | None = None,
    ) -> None: ...

class V1VolumeResourceRequirements(KubernetesObject):
    limits: Mapping[str, str | float] | None
    requests: Mapping[str, str | float] | None
    def __init__(
        self,
        *,
        limits: Mapping[str, str | float] | None = None,
        requests: Mapping[str, str | float] | None = None,
    ) -> None: ...

class V1VsphereVirtualDiskVolumeSource(KubernetesObject):
    fs_type: str | None
    storage_policy_id: str | None
    storage_policy_name: str | None
    volume_path: str
    def __init__(
        self,
        *,
        volume_path: str,
        fs_type: str | None = None,
        storage_policy_id: str | None = None,
        storage_policy_name: str | None = None,
    ) -> None: ...

class V1WeightedPodAffinityTerm(KubernetesObject):
    pod_affinity_term: V1PodAffinityTerm | Mapping[str, Any]
    weight: int | str
    def __init__(
        self,
        *,
        pod_affinity_term: V1PodAffinityTerm | Mapping[str, Any],
        weight: int | str,
    ) -> None: ...

class V1WindowsSecurityContextOptions(KubernetesObject):
    gmsa_credential_spec: str | None
    gmsa_credential_spec_name: str | None
    host_process: bool | str | None
    run_as_user_name: str | None
    def __init__(
        self,
        *,
        gmsa_credential_spec: str | None = None,
        gmsa_credential_spec_name: str | None = None,
        host_process: bool | str | None = None,
        run_as_user_name: str | None = None,
    ) -> None: ...

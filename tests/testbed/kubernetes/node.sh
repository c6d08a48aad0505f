#!/bin/sh
# The first process of a node's own process and mount namespaces: the kernel ends all others with it, and takes
# their mounts away, however it ends.
#   node.sh FOLDER CONTAINERD_FOLDER KUBELET KUBECONFIG
set -eu
folder=$1 binaries=$2 kubelet=$3 kubeconfig=$4
# containerd takes the first shim of the PATH, and Debian's is too old for it.
export PATH="$binaries:$PATH"

# These paths are fixed in the programs; what they write there is the node's alone.
for path in /run/containerd /var/lib/cni /var/lib/kubelet /var/log/containers; do
    mkdir -p "$path"
    mount -t tmpfs tmpfs "$path"
done
mount --make-rshared /

containerd --config "$folder/containerd.toml" >>"$folder/containerd.log" 2>&1 &
until ctr --address "$folder/containerd.sock" version >/dev/null 2>&1; do sleep 0.1; done
touch "$folder/containerd.answers"

"$kubelet" --config "$folder/kubelet.yaml" --kubeconfig "$kubeconfig" \
    --hostname-override real --root-dir "$folder/kubelet" --cert-dir "$folder/certs" \
    --cloud-provider external --node-labels testbed.polyflow.io/node=real >>"$folder/kubelet.log" 2>&1 &
# What is orphaned in here becomes a child of this shell, which has to wait for it.
wait

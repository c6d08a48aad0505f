"""Why an image cannot be pulled, from what the container runtime says.  Pure."""

import re
from typing import Final

from polyflow_shared.cluster.kubernetes.pods.failures.cause import Cause, short
from polyflow_shared.cluster.kubernetes.pods.failures.view import Container, Seen

PULLING: Final = frozenset({"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"})
"""The kubelet's words, which take turns."""
_FAILED: Final = re.compile(r'Failed to pull image "([^"]*)": (.*)', re.S)
_WRAPPING: Final = re.compile(
    r'Back-off pulling image "[^"]*"(?:: )?|ErrImagePull: |rpc error: code = \w+ desc = '
    r'|failed to pull and unpack image "[^"]*": |failed to resolve (?:image|reference "[^"]*"): '
)
"""What the kubelet and containerd put before the cause."""

_CAUSES: Final = tuple(
    (re.compile(pattern, re.I), away, told)
    for pattern, away, told in (
        (r"toomanyrequests|429 Too Many|rate limit", True, "its registry asks to pull less often"),
        (r"no space left on device", True, "the node's disk is full"),
        (
            r"no match for platform|no matching manifest",
            False,
            "there is none for the node's kind of processor",
        ),
        (
            r"pull access denied|insufficient_scope|authorization failed",
            False,
            "it does not exist, or may not be pulled without credentials",
        ),
        (
            r"unauthorized|401|403 Forbidden|\bdenied\b|no basic auth|authentication required",
            False,
            "its registry asks for other credentials",
        ),
        (r"x509:|certificate", True, "the node does not trust its registry's certificate"),
        (r"HTTP response to HTTPS client", False, "its registry does not speak HTTPS"),
        (r"no such host|server misbehaving", True, "its registry's name is not known to the node"),
        (
            r"registry is unavailable|dial tcp|connection re|i/o timeout|deadline exceeded|TLS handshake"
            r"|\bEOF\b|unreachable|no route to host|50\d [A-Z]|Client\.Timeout",
            True,
            "its registry cannot be reached, or has an error",
        ),
        (r"not found|manifest unknown|does not exist|no such image", False, "it does not exist"),
    )
)
"""In what the runtime says, whether the registry or node is to blame, and what to tell; the first counts."""


def pull_failed(container: Container, seen: Seen) -> Cause:
    """Return why the image of a container that waits for it cannot be pulled."""
    text = _WRAPPING.sub("", container.waits_because) or _last_failure(container, seen)
    image = f"the image {container.image}" if container.image else "the image"
    for pattern, away, told in _CAUSES:
        if pattern.search(text):
            reason = "RegistryUnavailable" if away else "ImagePullBackOff"
            return Cause(reason, f"{image} of {container.title} cannot be pulled: {told} ({short(text)})")
    happened = f"{image} of {container.title} cannot be pulled{f': {short(text)}' if text else ''}"
    away = container.waits == "RegistryUnavailable"
    return Cause("RegistryUnavailable" if away else "ImagePullBackOff", happened)


def _last_failure(container: Container, seen: Seen) -> str:
    """Return what an event says; before 1.32 the kubelet told the cause there only."""
    for event in reversed(seen.events):
        found = _FAILED.search(event.message)
        if found and found[1] in ("", container.image):
            return _WRAPPING.sub("", found[2])
    return ""

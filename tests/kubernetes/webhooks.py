"""Admission webhooks that nobody answers."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from tests.kubernetes.namespaces import LIMIT
from tests.testbed.kubernetes.api import Api, ApiError

NAME: Final = "gone.example.com"
CONFIGURATIONS: Final = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"


def add_unanswered(api: Api, name: str, resource: str, **selectors: Any) -> None:
    """Have creations asked about at an address where nobody is.

    Args:
        api: of an administrator.
        name: of the configuration.
        resource: such as `pods`.
        selectors: which of them.
    """
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": [resource]}
    webhook = {
        "name": NAME,
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "timeoutSeconds": 1,
        "failurePolicy": "Fail",
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "rules": [rule],
        **selectors,
    }
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration"}
    api.create(CONFIGURATIONS, {**kind, "metadata": {"name": name}, "webhooks": [webhook]})


@contextmanager
def unanswered(api: Api, namespace: str, resource: str, tried: Mapping[str, Any]) -> Iterator[None]:
    """Have creations in a namespace asked about in vain for as long as the block takes.

    Args:
        api: of an administrator.
        namespace: where.
        resource: such as `pods`.
        tried: one of them, which is refused when the block begins.
    """
    name = f"{namespace}-{resource}"
    here = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    add_unanswered(api, name, resource, namespaceSelector=here)
    try:
        _until_refused(api, f"/api/v1/namespaces/{namespace}/{resource}", tried)
        yield
    finally:
        api.delete(f"{CONFIGURATIONS}/{name}")


def _until_refused(api: Api, path: str, tried: Mapping[str, Any]) -> None:
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        try:
            api.create(f"{path}?dryRun=All", tried)
        except ApiError as error:
            if error.status == 500:
                return
            raise
        time.sleep(0.1)
    raise AssertionError("the webhook is not asked")

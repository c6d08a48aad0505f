"""The cluster port on a real API server: the contract, and what only Kubernetes can do to a pod."""

from dataclasses import replace

import pytest

from polyflow_topics.pods import PodParts
from tests.contract.clusters import ClusterContract, pod

pytestmark = pytest.mark.kubernetes


class TestContract(ClusterContract):
    @pytest.fixture
    def rejected(self):
        return replace(pod(), parts=PodParts(spec={"nodeSelector": {"no label": ""}}))

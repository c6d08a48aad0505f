"""The API server's audit log tells the lives of pods, as the verifier reads them."""

import pytest

from tests.contract.clusters import FAIL, GO_ON, end_of, pod
from tests.kubernetes.waiting import until
from tests.verifier.audit import read_audit
from tests.verifier.log import PodLife

pytestmark = pytest.mark.kubernetes
ATTEMPT = 4711
"""Of this test alone, for the log is that of all tests."""


async def test_a_pod_begins_once_and_ends_when_its_containers_have(cluster, own_plane) -> None:
    def lives() -> list[PodLife]:
        return [life for life in read_audit(own_plane.audit) if life.attempt == ATTEMPT]

    ends, goes_on = pod(FAIL, attempt=ATTEMPT), pod(GO_ON, index=1, attempt=ATTEMPT)
    for one in (ends, ends, goes_on):
        await cluster.ensure(one)
    report = await end_of(cluster, ends)
    await until(lambda: len(lives()) == 2 and lives()[0].ended is not None)
    first, second = lives()
    assert (first.run, first.index) == (ends.run, ends.index)
    assert first.ended is not None
    assert first.created < first.ended < report.at.timestamp() + 2
    assert (second.index, second.ended, second.deleted) == (1, None, None)

"""A real Prometheus scrapes a real service."""

import asyncio
from urllib.parse import urlsplit

import pytest

from polyflow_topics.catalog import CATALOG, PIPELINE_REQUESTS
from tests.contract.brokers import PARTITIONS
from tests.kafka.test_processes import LIMIT, PIPELINE, request, started
from tests.testbed.processes import TestbedError
from tests.testbed.prometheus import Prometheus, Sample, running_prometheus

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

LAG = 'polyflow_consumer_lag_records{service="spec_validator"}'
HANDLED = 'polyflow_messages_handled_total{service="spec_validator"}'


async def test_prometheus_sees_what_a_service_has_handled(broker, config, environment):
    await broker.create(CATALOG, partitions=PARTITIONS, clusters=["local"])
    await request(config, PIPELINE)
    async with started("polyflow_services.spec_validator", environment) as service:
        address = urlsplit(await service.page()).netloc
        with running_prometheus({"polyflow": [address]}) as prometheus:
            handled = await answered(prometheus, HANDLED)
            assert [sample.value for sample in handled] == [1.0]
            assert handled[0].labels["type"] == "polyflow.pipeline.request.v1"
            assert handled[0].labels["outcome"] == "handled"
            lag = await answered(prometheus, LAG)
            assert {sample.labels["topic"] for sample in lag} == {PIPELINE_REQUESTS.name}
            assert {sample.labels["partition"] for sample in lag} == {str(n) for n in range(PARTITIONS)}
            up = await answered(prometheus, "up")
            assert [(sample.labels["job"], sample.labels["instance"], sample.value) for sample in up] == [
                ("polyflow", address, 1.0)
            ]
            with pytest.raises(TestbedError, match="parse error"):
                prometheus.query("sum(")
        assert not prometheus.folder.exists()


async def answered(prometheus: Prometheus, expression: str) -> list[Sample]:
    """Return the answer to a question, once there is one."""
    async with asyncio.timeout(LIMIT):
        while True:
            if samples := await asyncio.to_thread(prometheus.query, expression):
                return samples
            await asyncio.sleep(0.1)

"""The contracts of the broker and of Faust's stream, over TLS and with a password."""

from uuid import uuid4

import pytest

from polyflow_shared.broker.kafka import KafkaBroker, KafkaConfig
from polyflow_shared.broker.security import KafkaSecurity
from polyflow_topics.catalog import MONITOR_ROWS, RUN_METRICS
from tests.contract.brokers import PARTITIONS, BrokerContract
from tests.contract.deliveries import DeliveryContract
from tests.kafka.test_faust import ended, member
from tests.testbed.kafka_secured import PASSWORD, USERNAME

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


def over_tls(secured, mechanism: str) -> KafkaConfig:
    return KafkaConfig(
        bootstrap_servers=secured.scram,
        prefix=f"{uuid4().hex[:8]}.",
        session_timeout=6.0,
        security=KafkaSecurity(
            protocol="SASL_SSL",
            mechanism=mechanism,
            username=USERNAME,
            password=PASSWORD,
            authority=secured.folder / "authority.crt",
        ),
    )


@pytest.fixture
def config(secured) -> KafkaConfig:
    return over_tls(secured, "SCRAM-SHA-512")


class TestKafkaBrokerOverTls(BrokerContract):
    pass


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
class TestFaustStreamOverTls(DeliveryContract):
    @pytest.fixture
    async def broker(self, secured, mechanism):
        self.config = over_tls(secured, mechanism)
        broker = KafkaBroker(self.config)
        await broker.create([RUN_METRICS, MONITOR_ROWS], partitions=PARTITIONS, clusters=[])
        yield broker
        await broker.close()

    async def publish(self, broker, records):
        await (await broker.sink("tests")).send(records)

    async def work(self, broker, handle, enough):
        await ended(member(self.config), handle, enough)

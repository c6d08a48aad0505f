import pytest

from polyflow_shared.broker.journal import Journal
from polyflow_shared.broker.memory import MemoryBroker
from tests.contract.brokers import PARTITIONS, TOPICS, BrokerContract


class TestMemoryBroker(BrokerContract):
    @pytest.fixture
    async def broker(self):
        broker = MemoryBroker()
        await broker.create(TOPICS, partitions=PARTITIONS, clusters=[])
        yield broker
        await broker.close()

    @pytest.fixture
    def again(self, broker):
        return broker


class TestJournaledBroker(TestMemoryBroker):
    @pytest.fixture
    async def broker(self, tmp_path):
        broker = MemoryBroker(journal=Journal(tmp_path / "journal.jsonl"))
        await broker.create(TOPICS, partitions=PARTITIONS, clusters=[])
        yield broker
        await broker.close()

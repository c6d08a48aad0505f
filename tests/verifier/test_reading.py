"""What is read from a broker is what was written to it."""

from polyflow_shared.broker.memory import MemoryBroker
from polyflow_shared.broker.port import Outgoing
from polyflow_shared.clock import FakeClock
from polyflow_topics.catalog import CATALOG, RUN_INBOX, commands_topic
from polyflow_topics.names import ClusterName
from tests.verifier.log import LoggedMessage
from tests.verifier.reading import recorded


async def test_every_topic_is_read_from_its_beginning() -> None:
    clock = FakeClock()
    broker = MemoryBroker(clock=clock)
    await broker.create(CATALOG, partitions=2, clusters=["one"])
    sink = await broker.sink("tests")
    commands = commands_topic(ClusterName("one"))
    await sink.send(
        [Outgoing(RUN_INBOX.name, "a", b"{}", (("ce_type", b"x"),)), Outgoing(commands, "b", None)]
    )
    now = clock.now().timestamp()
    partitions = {message.topic: message.partition for message in await recorded(broker, ["one"])}
    assert await recorded(broker, ["one"]) == [
        LoggedMessage(RUN_INBOX.name, partitions[RUN_INBOX.name], 0, "a", {"ce_type": "x"}, b"{}", now),
        LoggedMessage(commands, partitions[commands], 0, "b", {}, None, now),
    ]
    await broker.close()

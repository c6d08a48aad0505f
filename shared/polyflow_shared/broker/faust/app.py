"""Faust as we set it up: without a folder, a web server or a store of its own."""

from functools import cached_property
from typing import Any, Final

import faust
from mode.utils.queues import FlowControlEvent

from polyflow_shared.broker.faust.consumer import OrderedConsumer
from polyflow_shared.broker.in_order import InOrder
from polyflow_shared.broker.kafka.config import KafkaConfig
from polyflow_shared.broker.security import KafkaSecurity
from polyflow_topics.catalog import MIB

_COMMIT_SECONDS: Final = 1.0
_REQUEST_BYTES: Final = 2 * MIB
"""The largest row, and room for what is around it."""


class _Gate(FlowControlEvent):
    """Opens and closes queues; what is in them when it is opened is dropped.

    At the end of recovery Faust opens it once more, when records have come already that nobody fetches again.
    """

    def resume(self) -> None:
        """Open, if it is not open."""
        if not self.is_active():
            super().resume()


class App(faust.App):
    """Faust without a folder: it makes one though it keeps nothing in it, and a kill would leave that."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        self.order = InOrder()
        super().__init__(*args, **settings)

    def _create_directories(self) -> None:
        pass

    @cached_property
    def flow_control(self) -> Any:
        """What opens and closes all queues."""
        return _Gate(loop=self.loop)

    def _new_consumer(self) -> Any:
        transport: Any = self.transport
        transport.Consumer = OrderedConsumer
        return super()._new_consumer()


def app_of(config: KafkaConfig, group: str, member: str) -> App:
    """Return the application of one member of a group; nothing is started yet."""
    seconds = config.session_timeout
    return App(
        config.outer(group),
        broker=[f"kafka://{address}" for address in config.bootstrap_servers.split(",")],
        broker_client_id=config.client,
        broker_credentials=_credentials(config.security),
        consumer_group_instance_id=member,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=seconds,
        broker_heartbeat_interval=min(3.0, seconds / 3),
        broker_request_timeout=max(config.request_timeout, seconds),
        broker_commit_interval=_COMMIT_SECONDS,
        producer_acks=-1,
        producer_request_timeout=config.request_timeout,
        producer_max_request_size=_REQUEST_BYTES,
        producer_compression_type=config.compression,
        store="memory://",
        table_standby_replicas=0,
        stream_recovery_delay=0,
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        autodiscover=False,
        web_enabled=False,
    )


def _credentials(security: KafkaSecurity) -> Any:
    """Return the security of a connection in Faust's form, or None where there is none."""
    context = security.context()
    if security.authenticates:
        return faust.SASLCredentials(
            mechanism=security.mechanism,
            username=security.username,
            password=security.password,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None

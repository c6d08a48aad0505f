"""`polyflow topics`: the topics of the catalogue, on Apache Kafka."""

import asyncio

import click

from polyflow.cli.text import table
from polyflow_topics.catalog import CATALOG


@click.group()
def topics() -> None:
    """Create or list the topics of the catalogue."""


@topics.command()
@click.option(
    "--kafka",
    metavar="HOST:PORT",
    envvar=["POLYFLOW_KAFKA", "POLYFLOW_BROKERS"],
    default="localhost:9092",
    show_default=True,
)
@click.option("--partitions", type=click.IntRange(min=1), default=4, show_default=True, help="Of each topic.")
@click.option("--replication", type=click.IntRange(min=1), default=1, show_default=True, help="Replicas.")
@click.option("--cluster", "clusters", multiple=True, default=["local"], help="Clusters that commands go to.")
@click.option("--namespace", default="", envvar="POLYFLOW_NAMESPACE", help="Written before every name.")
def create(kafka: str, partitions: int, replication: int, clusters: tuple[str, ...], namespace: str) -> None:
    """Create what is missing.  Topics that exist are left alone."""
    asyncio.run(_create(kafka, partitions, replication, clusters, namespace))
    click.echo(f"all topics of the catalogue exist on {kafka}, with {partitions} partitions each")


@topics.command("ls")
def listing() -> None:
    """List the catalogue: who says what to whom."""
    rows = [
        (
            topic.name,
            "public" if topic.public else "",
            " ".join(sorted(topic.producers)),
            " ".join(sorted(topic.consumers)),
        )
        for topic in CATALOG
    ]
    for line in table(("TOPIC", "", "WRITTEN BY", "READ BY"), rows):
        click.echo(line)


async def _create(
    kafka: str, partitions: int, replication: int, clusters: tuple[str, ...], namespace: str
) -> None:
    from polyflow.kafka import kafka_security  # noqa: PLC0415 -- 90 ms to import
    from polyflow_shared.broker.kafka import KafkaBroker, KafkaConfig  # noqa: PLC0415

    config = KafkaConfig(
        bootstrap_servers=kafka, namespace=namespace, replication=replication, security=kafka_security()
    )
    broker = KafkaBroker(config)
    try:
        await broker.create(CATALOG, partitions=partitions, clusters=clusters)
    finally:
        await broker.close()

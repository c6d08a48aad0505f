"""`polyflow topics`: the topics of the catalogue, on Apache Kafka."""

import asyncio
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from polyflow.cli.terminal.text import table
from polyflow_shared.broker.access import accounts, rights
from polyflow_topics.catalog import CATALOG

if TYPE_CHECKING:
    from polyflow_shared.broker.kafka import KafkaBroker
    from polyflow_shared.broker.kafka.topics import KafkaTopic


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for.

    Attributes:
        kafka: `host:port[,host:port]`.
        partitions: of each topic (>= 1).
        replication: replicas of each partition (>= 1).
        clusters: those that commands go to.
        prefix: written before every name.
    """

    kafka: str
    partitions: int
    replication: int
    clusters: tuple[str, ...]
    prefix: str

    def topics(self) -> "dict[str, KafkaTopic]":
        """Return what the catalogue comes to, by its names."""
        from polyflow_shared.broker.kafka.topics import wanted  # noqa: PLC0415 -- 90 ms to import
        from polyflow_shared.broker.store import named  # noqa: PLC0415

        return {
            name: wanted(topic, self.prefix + name, partitions=self.partitions, replication=self.replication)
            for name, topic in named(CATALOG, self.clusters)
        }

    def broker(self) -> "KafkaBroker":
        """Return the broker, not reached yet."""
        from polyflow.running.kafka import kafka_security  # noqa: PLC0415
        from polyflow_shared.broker.kafka import KafkaBroker, KafkaConfig  # noqa: PLC0415

        return KafkaBroker(
            KafkaConfig(
                bootstrap_servers=self.kafka,
                named_by="--kafka, POLYFLOW_KAFKA or POLYFLOW_BROKERS",
                prefix=self.prefix,
                replication=self.replication,
                security=kafka_security(),
            )
        )


_broker_option: Final = click.option(
    "--kafka",
    metavar="HOST:PORT",
    envvar=["POLYFLOW_KAFKA", "POLYFLOW_BROKERS"],
    default="localhost:9092",
    show_default=True,
)
_cluster_option: Final = click.option(
    "--cluster", "clusters", multiple=True, default=["local"], help="Clusters that commands go to."
)
_prefix_option: Final = click.option(
    "--prefix", default="", envvar="POLYFLOW_PREFIX", help="Written before every name."
)


def _of_the_topics(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say which topics are meant."""
    options = (
        _broker_option,
        click.option(
            "--partitions", type=click.IntRange(min=1), default=4, show_default=True, help="Of each topic."
        ),
        click.option(
            "--replication", type=click.IntRange(min=1), default=1, show_default=True, help="Replicas."
        ),
        _cluster_option,
        _prefix_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def topics() -> None:
    """Create, check or list the topics of the catalogue, and print who needs which permissions."""


@topics.command()
@_of_the_topics
@click.option("--dry-run", is_flag=True, help="Show what would be created, and create nothing.")
def create(*, dry_run: bool, **wish: Any) -> None:
    """Create what is missing.  Topics that exist are left alone."""
    asked = Wish(**wish)
    if dry_run:
        _show_missing(asked)
        return
    asyncio.run(_create(asked))
    click.echo(f"all topics of the catalogue exist on {asked.kafka}, with {asked.partitions} partitions each")


@topics.command()
@_of_the_topics
def check(**wish: Any) -> None:
    """Tell what differs from the catalogue; exit status 1 if anything does."""
    from polyflow_shared.broker.kafka.topics import differences  # noqa: PLC0415

    asked = Wish(**wish)
    right, found = asked.topics(), asyncio.run(_found(asked))
    lines = [line for name, topic in right.items() for line in differences(found.get(name), topic)]
    for line in lines:
        click.echo(line)
    if lines:
        raise SystemExit(1)
    click.echo(f"all {len(right)} topics on {asked.kafka} are as the catalogue has them")


@topics.command()
@_broker_option
@_prefix_option
@_cluster_option
@click.option(
    "--principal",
    default="User:{account}",
    show_default=True,
    metavar="TEMPLATE",
    help="Whom Kafka takes an account for.",
)
def acls(*, kafka: str, prefix: str, clusters: tuple[str, ...], principal: str) -> None:
    """Print the commands that grant services, users and who creates topics what they need, and no more."""
    for account in accounts():
        click.echo(f"# {account}")
        grants: dict[tuple[str, ...], list[str]] = {}
        for right in rights(account, clusters):
            grants.setdefault((right.kind, *sorted(right.operations)), []).append(prefix + right.name)
        for (kind, *operations), names in grants.items():
            words = ["kafka-acls", "--bootstrap-server", kafka, "--add"]
            words += ["--allow-principal", principal.format(account=account)]
            words += [word for operation in operations for word in ("--operation", operation)]
            words += [word for name in names for word in (f"--{kind}", name)]
            click.echo(shlex.join(words))


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


def _show_missing(asked: Wish) -> None:
    found = asyncio.run(_found(asked))
    rows = [
        (
            topic.name,
            str(topic.partitions),
            str(topic.replication),
            " ".join(f"{setting}={value}" for setting, value in sorted(topic.settings.items())),
        )
        for name, topic in asked.topics().items()
        if name not in found
    ]
    if not rows:
        click.echo(f"nothing is missing on {asked.kafka}")
        return
    for line in table(("TOPIC", "PARTITIONS", "REPLICAS", "SETTINGS"), rows):
        click.echo(line)


async def _found(asked: Wish) -> "dict[str, KafkaTopic]":
    broker = asked.broker()
    try:
        return await broker.found(list(asked.topics()))
    finally:
        await broker.close()


async def _create(asked: Wish) -> None:
    broker = asked.broker()
    try:
        await broker.create(CATALOG, partitions=asked.partitions, clusters=asked.clusters)
    finally:
        await broker.close()

"""Apache Kafka on this machine: fetched once with Maven, one broker in KRaft mode, ended by process id."""

import asyncio
import base64
import hashlib
import os
import secrets
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.testbed.processes import (
    TestbedError,
    cache_folder,
    end_process,
    free_ports,
    listens,
    program,
    run,
    start,
)

POM = Path(__file__).with_name("pom.xml")
GIVEN = "KAFKA_BOOTSTRAP_SERVERS"
"""If this variable is set, that broker is used, and none is started."""
START_LIMIT = 60.0
"""Seconds for the broker to answer."""
JAVA_OPTIONS = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.segment.delete.delay.ms=1000
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""


@dataclass
class KafkaServer:
    """One broker with its folder; it can be stopped and started again on the same data.

    Attributes:
        folder: settings, data and log.
        port: where it answers, on 127.0.0.1.
        pid: of the process, while it runs.
        process: the process itself, where it was started here.
    """

    folder: Path
    port: int
    pid: int | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """Its address, for clients."""
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Where it writes what it does."""
        return self.folder / "server.log"

    async def start(self) -> None:
        """Start the process and return when it answers."""
        self._launch()
        try:
            async with asyncio.timeout(START_LIMIT):
                await self._answer()
        except TimeoutError:
            await self.stop()
            raise TestbedError(f"Kafka did not answer in {START_LIMIT:.0f} s; see {self.log}") from None

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal (TERM, or KILL for a crash) and return when the process has ended."""
        if self.pid is not None:
            await asyncio.to_thread(end_process, self.pid, number)
        if self.process is not None:
            self.process.wait()
        self.pid = self.process = None

    def _launch(self) -> None:
        properties = str(self.folder / "server.properties")
        self.process = start([*_java(), "kafka.Kafka", properties], self.log)
        self.pid = self.process.pid

    async def _answer(self) -> None:
        """Return when the broker answers a request for metadata."""
        from aiokafka.admin import AIOKafkaAdminClient
        from aiokafka.errors import KafkaError

        while not await asyncio.to_thread(listens, self.port):
            if self.process is None or self.process.poll() is not None:
                raise TestbedError(f"Kafka has ended; see {self.log}")
            await asyncio.sleep(0.05)
        while True:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
            try:
                await admin.start()
                if (await admin.describe_cluster())["brokers"]:
                    return
            except (KafkaError, OSError):
                await asyncio.sleep(0.1)
            finally:
                await admin.close()


@dataclass(frozen=True, slots=True)
class GivenKafka:
    """A broker of somebody else, known by its address alone."""

    bootstrap: str


@asynccontextmanager
async def running_kafka() -> AsyncIterator[str]:
    """Yield the address of a broker that answers: that of the environment, or one started for this."""
    given = os.environ.get(GIVEN)
    if given:
        yield given
        return
    async with started_kafka() as server:
        yield server.bootstrap


@asynccontextmanager
async def started_kafka() -> AsyncIterator[KafkaServer]:
    """Yield a broker of its own, which may be stopped and started; its data goes when the context ends."""
    with tempfile.TemporaryDirectory(prefix="polyflow-kafka-", ignore_cleanup_errors=True) as folder:
        server = await asyncio.to_thread(prepare, Path(folder))
        try:
            await server.start()
            yield server
        finally:
            await server.stop()


def prepare(folder: Path, *options: str) -> KafkaServer:
    """Write the settings of a broker into a folder and format its storage; `options` are of the formatting."""
    get()
    port, controller = free_ports(2)
    write_properties(folder, port, controller)
    format_storage(folder, new_cluster(), *options)
    return KafkaServer(folder, port)


def write_properties(folder: Path, port: int, controller: int, further: str = "") -> None:
    """Write the settings of a broker; of `further` lines each holds against an earlier one of its name."""
    text = PROPERTIES.format(port=port, controller=controller, data=folder / "data")
    (folder / "server.properties").write_text(text + further)


def new_cluster() -> str:
    """Return an id for a Kafka, which all its brokers have."""
    return base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")


def format_storage(folder: Path, cluster: str, *options: str) -> None:
    """Format the storage of a broker whose settings are written."""
    properties = str(folder / "server.properties")
    # An id may begin with a dash: after a space it would be taken for an option.
    words = ["format", f"--cluster-id={cluster}", "-c", properties, *options]
    run([*_java(), "kafka.tools.StorageTool", *words])


def get() -> Path:
    """Fetch Kafka into the cache unless it is there, and return the folder of its jars."""
    libraries = _libraries()
    if libraries.is_dir():
        return libraries
    libraries.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=libraries.parent) as folder:
        fetched = Path(folder) / "libs"
        copy = [
            program("mvn", "Apache Maven (Debian: apt install maven)"),
            "-q",
            "-B",
            "-f",
            str(POM),
            "dependency:copy-dependencies",
        ]
        run([*copy, f"-DoutputDirectory={fetched}"])
        # Another process may have been quicker; its folder is as good.
        if not libraries.is_dir():
            fetched.rename(libraries)
    return libraries


def _libraries() -> Path:
    return cache_folder() / f"kafka-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"


def _java() -> list[str]:
    java = program("java", "a Java runtime, 17 or newer (Debian: apt install default-jre)")
    return [java, *JAVA_OPTIONS, "-cp", f"{_libraries()}/*"]

"""Prometheus on this machine, as Debian packages it: scrapes a list of addresses, answers questions."""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from tests.testbed import debian
from tests.testbed.processes import TestbedError, end_process, free_ports, is_running, start

START_LIMIT: Final = 60.0
"""Seconds for it to answer; it takes 1 on a quiet machine."""
INTERVAL: Final = "500ms"
"""Between two scrapes of an address."""


@dataclass(frozen=True)
class Sample:
    """One value of an answer, with the labels that tell it from the others."""

    labels: Mapping[str, str]
    value: float


@dataclass
class Prometheus:
    """A server with its folder.

    Attributes:
        folder: settings, data and log.
        port: where it answers, on 127.0.0.1.
        pid: of the process, while it runs.
    """

    folder: Path
    port: int
    pid: int | None = None

    @property
    def url(self) -> str:
        """Where a browser, or a dashboard, finds it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Where it writes what it does."""
        return self.folder / "prometheus.log"

    def start(self) -> None:
        """Start the process and return when it answers.

        Raises:
            TestbedError: Prometheus cannot be fetched, has ended, or does not answer in time.
        """
        program = debian.file_of("prometheus", "/usr/bin/prometheus")
        settings, data = self.folder / "prometheus.yaml", self.folder / "data"
        command = [str(program), f"--config.file={settings}", f"--storage.tsdb.path={data}"]
        self.pid = start([*command, f"--web.listen-address=127.0.0.1:{self.port}"], self.log).pid
        end = time.monotonic() + START_LIMIT
        while not self._ready():
            if not self.running() or time.monotonic() > end:
                raise TestbedError(f"Prometheus does not answer; see {self.log}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the process and remove the folder."""
        if self.running():
            end_process(self.pid or 0)
        self.pid = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def running(self) -> bool:
        """Tell whether its process is there."""
        return self.pid is not None and is_running(self.pid, str(self.folder))

    def query(self, expression: str) -> list[Sample]:
        """Return what an expression of PromQL comes to now: one sample for each set of labels.

        Raises:
            TestbedError: the expression is wrong; the message is Prometheus' own.
        """
        answer = self._ask(f"/api/v1/query?{urlencode({'query': expression})}")
        return [Sample(one["metric"], float(one["value"][1])) for one in answer["data"]["result"]]

    def _ask(self, path: str) -> Any:
        try:
            with urlopen(f"{self.url}{path}", timeout=10) as answer:
                return json.load(answer)
        except OSError as error:
            detail = error.read().decode() if hasattr(error, "read") else str(error)
            raise TestbedError(f"Prometheus: {detail}") from error

    def _ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/-/ready", timeout=10):
                return True
        except OSError:
            return False


@contextmanager
def running_prometheus(targets: Mapping[str, Sequence[str]]) -> Iterator[Prometheus]:
    """Yield a server that scrapes; it is gone when the context ends.

    Args:
        targets: addresses such as `127.0.0.1:9100`, by the name of their job; each is asked for `/metrics`.
    """
    server = prepare(targets)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def prepare(targets: Mapping[str, Sequence[str]]) -> Prometheus:
    """Write the settings of a server into a new folder."""
    folder = Path(tempfile.mkdtemp(prefix="polyflow-prometheus-"))
    jobs = [
        {"job_name": name, "static_configs": [{"targets": list(addresses)}]}
        for name, addresses in targets.items()
    ]
    form = {"global": {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL}, "scrape_configs": jobs}
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(form))
    return Prometheus(folder, *free_ports(1))

"""An installation on real Kafka whose operations are processes, and a user at the command line."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from polyflow import Client
from tests.e2e.command import CommandLine
from tests.testbed.services import Services, running_services

SEEN = 30.0
"""Seconds within which the read model has what was told."""


class OnKafka(CommandLine):
    """Runs `polyflow` against the services behind a broker, in the home folder that their projector has."""

    def __init__(self, folder: Path, kafka: str, services: Services) -> None:
        super().__init__(folder)
        self.environment |= {
            "POLYFLOW_HOME": services.environment["POLYFLOW_HOME"],
            "POLYFLOW_KAFKA": kafka,
            "POLYFLOW_PREFIX": services.prefix,
        }
        self.services = services

    def elsewhere(self) -> CommandLine:
        """Return the command line of a user on whose machine nothing is known of any run."""
        user = CommandLine(self.folder)
        user.environment = {**self.environment, "POLYFLOW_HOME": str(self.folder / "elsewhere")}
        return user

    def newest(self) -> str:
        """Return the id of the run that was begun last."""
        runs = self._until(lambda: self.json("ls", "--limit", "1"), bool)
        return str(runs[0]["id"])

    def shown(self, run: str, true: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
        """Return what `polyflow show` says of a run, as soon as a claim holds of it."""
        view: Mapping[str, Any] = self._until(lambda: self.json("show", run), true)
        return view

    def _until(self, ask: Callable[[], Any], true: Callable[[Any], bool]) -> Any:
        end = time.monotonic() + SEEN
        while not true(said := ask()):
            assert time.monotonic() < end, json.dumps(said)
            time.sleep(0.2)
        return said


@contextmanager
def an_installation(folder: Path, kafka: str, **settings: str) -> Iterator[OnKafka]:
    """Yield an installation, ready; operations start in this folder."""
    beside = {"workdir": str(folder), **settings}
    with running_services(folder, kafka, beside=("projector",), **beside) as services:
        yield OnKafka(folder, kafka, services)


def client_of(user: CommandLine) -> Client:
    """Return a client beside a user's command line."""
    about = user.environment
    home = Path(about["POLYFLOW_HOME"])
    return Client(kafka=about["POLYFLOW_KAFKA"], prefix=about["POLYFLOW_PREFIX"], home_folder=home)

"""`python -m tests.testbed kafka get | start | stop | status`: one broker that stays until it is stopped."""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.testbed import kafka


def main() -> int:
    """Do what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.testbed", description=__doc__)
    parser.add_argument("server", choices=["kafka"])
    parser.add_argument("verb", choices=["get", "start", "stop", "status"])
    arguments = parser.parse_args()
    try:
        return VERBS[arguments.verb]()
    except kafka.TestbedError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def get() -> int:
    """Fetch Kafka, if it was not fetched before."""
    _say(str(kafka.get()))
    return 0


def start() -> int:
    """Start a broker, unless one runs, and print its address."""
    server = _known()
    if server is None:
        server = kafka.prepare(Path(tempfile.mkdtemp(prefix="polyflow-kafka-")))
        asyncio.run(server.start())
        _state().write_text(
            json.dumps({"folder": str(server.folder), "port": server.port, "pid": server.pid})
        )
    _say(server.bootstrap)
    return 0


def stop() -> int:
    """Stop the broker that `start` started, and remove its data."""
    server = _known()
    if server is not None:
        asyncio.run(server.stop())
        shutil.rmtree(server.folder, ignore_errors=True)
    _state().unlink(missing_ok=True)
    return 0


def status() -> int:
    """Print the running broker's address and log; exit status 1 if there is none."""
    server = _known()
    _say(f"{server.bootstrap} (log: {server.log})" if server else "not running")
    return 0 if server else 1


def _known() -> kafka.KafkaServer | None:
    """Return the broker that `start` started, if it is still there."""
    if not _state().exists():
        return None
    state = json.loads(_state().read_text())
    command = Path(f"/proc/{state['pid']}/cmdline")
    # The id may belong to another process by now; the folder in its command line tells.
    if not command.exists() or state["folder"].encode() not in command.read_bytes():
        return None
    return kafka.KafkaServer(Path(state["folder"]), state["port"], state["pid"])


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _state() -> Path:
    cache = Path(os.environ.get("POLYFLOW_CACHE", "~/.cache/polyflow")).expanduser()
    cache.mkdir(parents=True, exist_ok=True)
    return cache / "kafka.json"


VERBS = {"get": get, "start": start, "stop": stop, "status": status}

if __name__ == "__main__":
    sys.exit(main())

"""The command line as a user types it, in a home folder of its own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

POLYFLOW = Path(sys.executable).parent / "polyflow"
EXAMPLES = Path(__file__).parents[2] / "examples"
SOON = 30
"""Seconds after which a command counts as stuck."""


class CommandLine:
    """Runs `polyflow` with a home folder and files of a test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.environment = {**os.environ, "POLYFLOW_HOME": str(self.home), "COLUMNS": "200"}

    def file(self, text: str, name: str = "pipeline.yaml") -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def __call__(self, *words: object) -> subprocess.CompletedProcess[str]:
        command = [str(POLYFLOW), *map(str, words)]
        return subprocess.run(
            command,
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=SOON,
            check=False,
        )

    def json(self, *words: object) -> Any:
        done = self(*words, "--format", "json")
        return json.loads(done.stdout.splitlines()[-1] if words[0] == "run" else done.stdout)

    def begin(self, *words: object) -> subprocess.Popen[str]:
        command = [str(POLYFLOW), *map(str, words)]
        return subprocess.Popen(
            command,
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )


def wait_for(process: subprocess.Popen[str], text: str) -> list[str]:
    """Return the lines that a command prints, up to the first with this text."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError(f"{text!r} was not printed: {''.join(lines)}")


def rest_of(process: subprocess.Popen[str]) -> str:
    """Return what a command prints until it ends."""
    return process.communicate(timeout=SOON)[0]


def alive(pid: int) -> bool:
    """Tell whether a process runs (one that has ended and was not waited for does not)."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def interrupt(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)

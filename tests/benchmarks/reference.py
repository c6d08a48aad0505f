"""The reference's own reader of the language, in an environment of its own: what our check is measured against."""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "reference-requirements.txt"


def installed() -> Path | None:
    """Return the folder of its commands, installed on the first call; None where it cannot be installed."""
    folder = _folder()
    if not (folder / "ready").exists():
        python = str(folder / "bin" / "python")
        try:
            subprocess.run(
                [sys.executable, "-m", "venv", "--clear", str(folder)], check=True, capture_output=True
            )
            command = [python, "-m", "pip", "install", "--quiet", "--requirement", str(REQUIREMENTS)]
            subprocess.run(command, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            sys.stderr.write(f"polyaxon cannot be installed: {getattr(error, 'stderr', '') or error}\n")
            return None
        (folder / "ready").touch()
    return folder / "bin"


def _folder() -> Path:
    cache = Path(os.environ.get("POLYFLOW_CACHE", "~/.cache/polyflow")).expanduser()
    return cache / "benchmarks" / "polyaxon"


def warm(commands: Path, file: Path, runs: int) -> list[float]:
    """Return seconds that each of some checks of a file takes in one process, after one more before them."""
    script = str(HERE / "reference_warm.py")
    command = [str(commands / "python"), script, str(file), str(runs)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment())
    taken: list[float] = json.loads(done.stdout.splitlines()[-1])
    return taken


def environment() -> dict[str, str]:
    """Return variables with which it asks no server."""
    return {**os.environ, "POLYAXON_NO_OP": "true"}

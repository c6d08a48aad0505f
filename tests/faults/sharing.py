"""Runs that share: results of equal operations, and slots of queues and of the whole installation."""

import json
import random
from pathlib import Path
from typing import Any, Final

from tests.faults.load import SHAPES, dag, operation
from tests.faults.measuring import MEASURING
from tests.verifier.violation import Limits

LIMITS: Final = Limits(10, {"narrow": 2})
_QUEUES: Final = "queues: [{name: narrow, limit: 2, priority: 1}]"
_COMMANDS: Final = 6
"""Operations that are not equal to each other."""


def settings(folder: Path) -> dict[str, str]:
    """Return the settings of an installation under `LIMITS`; its catalogue of queues is put into this folder."""
    catalogue = folder / "queues.yaml"
    catalogue.write_text(_QUEUES)
    return {"max_concurrency": str(LIMITS.operations), "queues": str(catalogue)}


def equal(choose: random.Random) -> str:
    """Some that equal each other or those of other runs, and what waits for one of them."""
    those = [_equal(f"o{n}", choose) for n in range(choose.randint(2, 5))]
    return dag(*those, operation("last", "o0", runs_for="50ms")) + "cache: {ttl: 2}\n"


def queued(choose: random.Random) -> str:
    """Some of a queue that is narrow, and one that is in none."""
    more = {"queue": "narrow"}
    those = [_with(operation(f"o{n}", runs_for="100ms"), more) for n in range(choose.randint(1, 3))]
    return dag(*those, operation("free", runs_for="100ms"))


def _equal(name: str, choose: random.Random) -> str:
    run = {"kind": "job", "container": {"image": "fake", "command": [f"c{choose.randrange(_COMMANDS)}"]}}
    return _with(operation(name, runs_for=f"{choose.randint(50, 400)}ms"), {"run": run})


def _with(line: str, fields: dict[str, Any]) -> str:
    return json.dumps(json.loads(line) | fields)


SHARING: Final = (*SHAPES, equal, equal, queued, queued, *MEASURING)

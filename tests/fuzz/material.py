"""What inputs are made of: seeds, which are small files for one feature each, and what they say."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyflow_shared.language import document

HERE = Path(__file__).parent
MAX_SEED_BYTES = 32 * 1024


@dataclass(frozen=True)
class Material:
    """Seeds.

    Attributes:
        texts: as they are.
        values: what those say that can be read.
        words: keys and values in them, which changes take words from.
    """

    texts: Sequence[bytes]
    values: Sequence[dict[str, Any]]
    words: Sequence[str]


def files(corpus: Path | None = None) -> list[Path]:
    """Return the files of all seeds: our own, the examples, the fixtures of the tests, and a corpus."""
    tests = HERE.parent
    folders = [HERE / "seeds", tests.parent / "examples", tests / "fixtures", *([corpus] if corpus else [])]
    return [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".yaml", ".yml", ".json") and path.stat().st_size <= MAX_SEED_BYTES
    ]


def material(corpus: Path | None = None) -> Material:
    """Read all seeds."""
    texts = [path.read_bytes() for path in files(corpus)]
    values = [value for text in texts if isinstance(value := document.read(text).value, dict)]
    return Material(texts, values, sorted({word for value in values for word in _words(value)}))


def _words(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {str(key) for key in value}.union(*map(_words, value.values()))
    if isinstance(value, list):
        return set[str]().union(*map(_words, value))
    return {value if isinstance(value, str) else json.dumps(value)}

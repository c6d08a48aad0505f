"""Which input a number stands for: the same one, in every run, as long as seeds and generators are the same."""

from collections.abc import Callable, Mapping
from random import Random

from tests.fuzz import bytes_and_words, structures
from tests.fuzz.families import FAMILIES
from tests.fuzz.material import Material

MAX_BYTES = 1024 * 1024

GENERATORS: Mapping[str, Callable[[Random, Material], bytes]] = {
    "bytes": bytes_and_words.of_bytes,
    "lines": bytes_and_words.of_lines,
    "tokens": bytes_and_words.of_tokens,
    "B7 structures": structures.changed,
    "random": bytes_and_words.random_bytes,
    **FAMILIES,
}
_WEIGHTS = [4, 4, 4, 8, 2, *([1] * len(FAMILIES))]


def made(seed: int, number: int, material: Material) -> tuple[str, bytes]:
    """Return the generator's name and the input of a number."""
    random = Random(f"{seed}:{number}")
    name = random.choices(list(GENERATORS), _WEIGHTS)[0]
    return name, GENERATORS[name](random, material)[:MAX_BYTES]

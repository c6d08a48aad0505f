"""Changes of a text: of its bytes, of its lines, of its words and signs."""

import re
from collections.abc import Callable, Sequence
from random import Random

from tests.fuzz.material import Material

SIGNS = [
    *"[]{},:-?&*!|>'\"%@`#~=.\\ \t\n\r\0",
    "- ",
    ": ",
    ": &a ",
    "*a",
    "<<: *a",
    "---\n",
    "...\n",
    "!!",
    "? ",
]
"""What YAML gives a meaning to."""

ODD = [
    "\ufeff", "\u2028", "\x85", "\u202e", "\u200b", "\u0301", "\U0001f600", "ß", "İ", "\ud7ff", "\ue000", "\uffff",
    "\x7f", "\x1b[31m", "\x00", "\r", "\v", "\x0c", "\xa0",
]  # fmt: skip
ODD_BYTES = [
    b"\xff",
    b"\xfe\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\x80",
    b"\xef\xbb\xbf",
]
TOKEN = re.compile(rb"\w+|\s+|[^\w\s]")


def of_bytes(random: Random, material: Material) -> bytes:
    """Change some bytes of a seed: set, insert, remove, double, swap, cut off."""
    text = bytearray(random.choice(material.texts))
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        _change_bytes(random, text)
    return bytes(text)


def _change_bytes(random: Random, text: bytearray) -> None:
    at = random.randrange(len(text) + 1)
    end = min(len(text), at + random.choice((1, 1, 2, 8, 64)))
    change = random.randrange(7)
    if change == 0 and at < len(text):
        text[at] = random.randrange(256)
    elif change == 1:
        text[at:at] = random.choice(ODD_BYTES)
    elif change == 2:
        text[at:at] = random.choice(ODD).encode()
    elif change == 3:
        del text[at:end]
    elif change == 4:
        text[at:at] = text[at:end]
    elif change == 5:
        text[at:end] = text[at:end][::-1]
    elif random.random() < 0.1:
        del text[at:]


def of_lines(random: Random, material: Material) -> bytes:
    """Change some lines of a seed: indent, remove, double, swap, take one from another seed."""
    lines = random.choice(material.texts).split(b"\n")
    for _ in range(random.choice((1, 1, 2, 5))):
        random.choice(_LINE_CHANGES)(random, lines, material)
    return random.choice((b"\n", b"\n", b"\n", b"\r\n", b"\r")).join(lines)


def _indent(random: Random, lines: list[bytes], _: Material) -> None:
    at = random.randrange(len(lines))
    lines[at] = random.choice((b" ", b"  ", b"\t", b"    ", b" \t", b"- ")) + lines[at]


def _dedent(random: Random, lines: list[bytes], _: Material) -> None:
    at = random.randrange(len(lines))
    lines[at] = lines[at][random.randint(1, 3) :]


def _remove(random: Random, lines: list[bytes], _: Material) -> None:
    if len(lines) > 1:
        del lines[random.randrange(len(lines))]


def _double(random: Random, lines: list[bytes], _: Material) -> None:
    at = random.randrange(len(lines))
    lines[at:at] = [lines[at]] * random.choice((1, 1, 2, 50))


def _swap(random: Random, lines: list[bytes], _: Material) -> None:
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


def _take(random: Random, lines: list[bytes], material: Material) -> None:
    others = random.choice(material.texts).split(b"\n")
    at = random.randrange(len(others))
    lines[random.randrange(len(lines)) : 0] = others[at : at + random.choice((1, 3, 10))]


_LINE_CHANGES: Sequence[Callable[[Random, list[bytes], Material], None]] = (
    _indent, _dedent, _remove, _double, _swap, _take,
)  # fmt: skip


def of_tokens(random: Random, material: Material) -> bytes:
    """Change some words and signs of a seed: replace, insert, remove."""
    tokens = TOKEN.findall(random.choice(material.texts))
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(tokens) + 1)
        change = random.randrange(4)
        if change == 0:
            tokens[at:at] = [random.choice(SIGNS).encode()]
        elif change == 1:
            tokens[at : at + 1] = [random.choice(material.words).encode("utf-8", "replace")]
        elif change == 2:
            tokens[at : at + 1] = [random.choice(SIGNS).encode()]
        else:
            del tokens[at : at + 1]
    return b"".join(tokens)


def random_bytes(random: Random, _: Material) -> bytes:
    """Return bytes without any sense, or signs of YAML in any order."""
    if random.random() < 0.3:
        return random.randbytes(random.choice((0, 1, 10, 1000)))
    count = random.choice((3, 10, 40, 200))
    parts = random.choices([*SIGNS, *ODD, "a", "b", "1", "{{ a }}"], k=count)
    return "".join(parts).encode()

"""How a YAML text is laid out: its indents, and how to change some of it and leave the rest as it was."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

_WIDTH: Final = 110
_COMMENTED: Final = re.compile(r"(.*?\S)( +)(#.*)")
"""A line with something before its comment."""


@dataclass(frozen=True, slots=True)
class Indents:
    """How far a text indents.

    Attributes:
        map: spaces of a map's entries below its key.
        list: spaces of a list's dashes below its key.
        width: characters of its longest line, and at least some.
    """

    map: int = 2
    list: int = 2
    width: int = _WIDTH


def indents_of(text: str) -> Indents:
    """Return how most of a text is indented."""
    maps, lists = Counter[int](), Counter[int]()
    above, width = "", _WIDTH
    for line in text.splitlines():
        width = max(width, len(line))
        if line.strip() and not line.lstrip().startswith("#"):
            _count(above, line, maps, lists)
            above = line
    return Indents(_most(maps, 2), _most(lists, 2), width)


def _count(above: str, line: str, maps: Counter[int], lists: Counter[int]) -> None:
    """Count the indent of a line below a key without a value."""
    if not above.split(" #", maxsplit=1)[0].rstrip().endswith(":"):
        return
    content = len(above) - len(above.lstrip(" -")) if above.lstrip().startswith("- ") else _indent(above)
    step = _indent(line) - content
    if line.lstrip().startswith("- "):
        lists[step] += step >= 0
    elif step > 0:
        maps[step] += 1


def _most(counts: Counter[int], otherwise: int) -> int:
    return counts.most_common(1)[0][0] if counts else otherwise


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def merged(original: str, printed: str, changed: str) -> str:
    """Return a text with some changes, laid out as it was wherever nothing changed.

    Args:
        original: the text as its author wrote it.
        printed: the same as a printer writes it.
        changed: the changed text as that printer writes it.
    """
    mine, base, theirs = (text.splitlines(keepends=True) for text in (original, printed, changed))
    lines: list[str] = []
    at = (0, 0, 0)
    for stop in _stable(base, mine, theirs):
        b, m, t = at
        own, before, after = mine[m : stop[1]], base[b : stop[0]], theirs[t : stop[2]]
        lines += own if before == after else _shifted(after, _step(before, own))
        lines += mine[stop[1] : stop[1] + 1]
        at = (stop[0] + 1, stop[1] + 1, stop[2] + 1)
    return "".join(lines)


def _step(printed: Sequence[str], own: Sequence[str]) -> int:
    """Return how much further in an author writes some lines than the printer does."""
    steps = {_indent(mine) - _indent(base) for base, mine in zip(printed, own, strict=False) if base.strip()}
    return steps.pop() if len(steps) == 1 and len(printed) == len(own) else 0


def _shifted(lines: Sequence[str], step: int) -> list[str]:
    return [" " * (_indent(line) + step) + line.lstrip(" ") if line.strip() else line for line in lines]


def _stable(
    base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]
) -> Iterator[tuple[int, int, int]]:
    """Yield the numbers of each line that stands in all three texts, and those of their ends."""
    to_mine, to_theirs = _matches(base, mine), _matches(base, theirs)
    for number in range(len(base)):
        if number in to_mine and number in to_theirs:
            yield number, to_mine[number], to_theirs[number]
    yield len(base), len(mine), len(theirs)


def _matches(one: Sequence[str], other: Sequence[str]) -> dict[int, int]:
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return {block.a + offset: block.b + offset for block in blocks for offset in range(block.size)}


def realigned(original: str, changed: str) -> str:
    """Return a changed text whose comments stand by their neighbours as they did.

    One on a line of its own stands as far in as the line that it stood in line with, one behind something as
    far behind it as before.

    Args:
        original: the text as its author wrote it.
        changed: the text after parts of it were moved, with comments where they were.
    """
    aligned, gaps = _aligned(original.splitlines()), _gaps(original.splitlines())
    lines = [_spaced(line, gaps) for line in changed.splitlines()]
    for number, line in enumerate(lines):
        text = line.strip()
        if text.startswith("#") and aligned.get(text):
            side = aligned[text].pop(0)
            beside = _neighbour(lines, number, side)
            if beside is not None:
                lines[number] = " " * _indent(beside) + text
    return "\n".join(lines) + ("\n" if changed.endswith("\n") else "")


def _gaps(lines: Sequence[str]) -> dict[str, list[str]]:
    """Return the spaces before each comment that stands behind something, by its text and in their order."""
    found: dict[str, list[str]] = {}
    for match in filter(None, map(_COMMENTED.fullmatch, lines)):
        found.setdefault(match[3], []).append(match[2])
    return found


def _spaced(line: str, gaps: dict[str, list[str]]) -> str:
    match = _COMMENTED.fullmatch(line)
    if match is None or not gaps.get(match[3]):
        return line
    return f"{match[1]}{gaps[match[3]].pop(0)}{match[3]}"


def _aligned(lines: Sequence[str]) -> dict[str, list[int]]:
    """Return, for each comment on a line of its own, whether it is in line with what follows or precedes."""
    found: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        text = line.strip()
        if text.startswith("#"):
            sides = [side for side in (1, -1) if _in_line(lines, number, side)]
            found.setdefault(text, []).append(sides[0] if sides else 0)
    return found


def _in_line(lines: Sequence[str], number: int, side: int) -> bool:
    beside = _neighbour(lines, number, side)
    return beside is not None and _indent(beside) == _indent(lines[number])


def _neighbour(lines: Sequence[str], number: int, side: int) -> str | None:
    """Return the nearest line after (1) or before (-1) another that is neither empty nor a comment."""
    while side and 0 <= (number := number + side) < len(lines):
        if lines[number].strip() and not lines[number].lstrip().startswith("#"):
            return lines[number]
    return None

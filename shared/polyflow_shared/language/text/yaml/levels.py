"""Levels of indentation: which there are above a line, and between which of them a wrong line stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_LINE: Final = re.compile(r"(?P<indent> *)(?P<dashes>(?:- +)*(?:-$)?)(?P<word>[^\s#][^:#]*)?")

_ITEM: Final = "a list item"


@dataclass(frozen=True, slots=True)
class Level:
    """What stands at a level: a key, or the items of a list."""

    spaces: int
    name: str
    line: int

    def __str__(self) -> str:
        return f"{self.name} ({_spaces(self.spaces)}, line {self.line})"


def explained(lines: list[str], line: int, *, too_deep: bool) -> tuple[str, str] | None:
    """Return what is wrong with the level of a line, and where it could stand; None if that is not known.

    Args:
        lines: of the whole text.
        line: its number, from 1.
        too_deep: whether the line was read as the rest of a value above it.
    """
    if not 0 < line <= len(lines):
        return None
    wrong = next(iter(_of_line(lines[line - 1], line)), None)
    above = list(_above(lines, line))
    if wrong is None or not above:
        return None
    if too_deep:
        return _too_deep(wrong, above)
    return _between(wrong, above)


def _too_deep(wrong: Level, above: list[Level]) -> tuple[str, str] | None:
    outer = next((level for level in above if level.spaces < wrong.spaces), None)
    if outer is None:
        return None
    message = f"{wrong.name} is indented deeper than {outer}, which has a value already"
    return message, f"indent it by {_spaces(outer.spaces)}, or remove the value of {outer.name}"


def _between(wrong: Level, above: list[Level]) -> tuple[str, str] | None:
    same = next((level for level in above if level.spaces == wrong.spaces), None)
    outer = next((level for level in above if level.spaces < wrong.spaces), None)
    inner = next((level for level in reversed(above) if level.spaces > wrong.spaces), None)
    if same is not None:
        return _among(wrong, same, outer)
    levels = [level for level in (inner, outer) if level is not None]
    message = f"{wrong.name} is indented by {_spaces(wrong.spaces)}: not the level of " + " or ".join(
        map(str, levels)
    )
    return message, "indent it by " + " or by ".join(_spaces(level.spaces) for level in levels)


def _among(wrong: Level, same: Level, outer: Level | None) -> tuple[str, str] | None:
    """Explain a field among the items of a list, or an item among fields."""
    message = f"{wrong.name} stands at the level of {same}"
    if same.name == _ITEM and wrong.name != _ITEM:
        return message, "write `- ` before it" + (
            f", or indent it by {_spaces(outer.spaces)}" if outer else ""
        )
    return (message, "a list stands below a key of its own") if wrong.name == _ITEM != same.name else None


def _above(lines: list[str], line: int) -> Iterator[Level]:
    """Yield the levels that are open above a line, the innermost first."""
    deepest = max(map(len, lines), default=0) + 1
    for number in range(line - 1, 0, -1):
        for level in reversed(list(_of_line(lines[number - 1], number))):
            if level.spaces < deepest:
                deepest = level.spaces
                yield level


def _of_line(text: str, line: int) -> Iterator[Level]:
    """Yield the levels that a line begins, the outermost first."""
    found = _LINE.match(text)
    if found is None or not (found["dashes"] or found["word"]):
        return
    for dash in re.finditer("-", found["dashes"]):
        yield Level(found.start("dashes") + dash.start(), _ITEM, line)
    if found["word"]:
        yield Level(found.start("word"), f"`{found['word'].strip()[:60]}`", line)


def _spaces(count: int) -> str:
    return "1 space" if count == 1 else f"{count} spaces"

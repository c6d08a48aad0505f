"""Problems as a compiler would print them: where, what, the line with a caret, and a hint."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from polyflow.cli.terminal.paint import Paint, cells, plain, printable
from polyflow_topics.events import IN_REQUEST, Problem

Texts = Mapping[str, str]
"""What other files say, by the names that problems call them by."""

NO_TEXTS: Final[Texts] = MappingProxyType({})
MAX_LINE: Final = 160
"""Characters of a line that are shown."""
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
"""Where lines end for editors, and for the positions of problems; Unicode knows more."""


def report(
    problems: Sequence[Problem],
    *,
    file: str,
    source: str,
    others: Texts = NO_TEXTS,
    paint: Paint = plain,
    end: str = "nothing was run",
) -> Iterator[str]:
    """Yield all problems as text, and how many there are.

    Args:
        problems: what is wrong (at least one), in any order.
        file: what the user calls the file.
        source: the file's text; where it is empty, no source lines are shown.
        others: texts of further files.
        paint: how it is coloured.
        end: what follows from it.
    """
    ordered = sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))
    for problem in ordered:
        yield from lines(problem, file=file, source=source, others=others, paint=paint)
    yield f"{counted(len(problems), 'problem')}; {end}"


def counted(count: int, what: str) -> str:
    """Return a number of things in words: `1 problem`, `2 problems`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def lines(
    problem: Problem, *, file: str, source: str, others: Texts = NO_TEXTS, paint: Paint = plain
) -> Iterator[str]:
    """Yield one problem as text: `file:line:column: message [code]`, then the line, a caret and the hint.

    Args:
        problem: what is wrong.
        file: what the user calls the file.
        source: the file's text.
        others: texts of further files.
        paint: how it is coloured.
    """
    where = _where(problem, file)
    path = f" (at {problem.path})" if problem.path else ""
    grave = "" if problem.severity == "error" else f"{paint(problem.severity, problem.severity)}: "
    said = f"{grave}{printable(problem.message + path)} {paint(f'[{problem.code}]', problem.severity)}"
    yield (f"{paint(printable(where), 'place')}: " if where else "") + said
    text = source if problem.file in (None, file) else others.get(problem.file or "", "")
    yield from _excerpt(problem, text, paint)
    if problem.hint:
        yield f"  {paint('hint:', 'hint')} {printable(problem.hint)}"


def _where(problem: Problem, file: str) -> str:
    """Return `file:line:column`; in the fields around a specification the user has no lines to look at."""
    if problem.file == IN_REQUEST:
        return IN_REQUEST
    return ":".join(str(part) for part in (problem.file or file, problem.line, problem.column) if part)


def _excerpt(problem: Problem, source: str, paint: Paint) -> Iterator[str]:
    text = _lines_of(source)
    if problem.line is None or not 0 < problem.line <= len(text):
        return
    number = f"{problem.line:>5} | "
    before, after = _around(text[problem.line - 1], problem.column or 1)
    yield paint(number, "margin") + before + after
    if problem.column is not None:
        margin = " " * (len(number) - 2) + "| "
        yield paint(margin, "margin") + " " * cells(before) + paint("^", problem.severity)


@lru_cache(maxsize=4)
def _lines_of(source: str) -> list[str]:
    """Return the lines of a text; a hundred problems are about the same few texts."""
    return _LINE_END.split(source) if source else []


def _around(line: str, column: int) -> tuple[str, str]:
    """Return what is shown of a line before and from a column (>= 1) on; a long line is cut around it."""
    start = max(0, min(column - MAX_LINE // 2, len(line) - MAX_LINE))
    end = start + MAX_LINE
    before = ("…" if start else "") + _shown(line[start : column - 1])
    return before, _shown(line[max(start, column - 1) : end]) + ("…" if end < len(line) else "")


def _shown(text: str) -> str:
    return printable(text.replace("\t", " "))

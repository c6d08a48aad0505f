"""A rejected request as a compiler would print it: where, what, the line with a caret, and a hint."""

from collections.abc import Iterator, Sequence
from typing import Final

from polyflow_topics.events import IN_REQUEST, Problem


def report(problems: Sequence[Problem], *, file: str, source: str) -> Iterator[str]:
    """Yield all problems as text, and how many there are.

    Args:
        problems: what is wrong (at least one), in any order.
        file: what the user calls the file.
        source: the file's text; where it is empty, no source lines are shown.
    """
    ordered = sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))
    for problem in ordered:
        yield from lines(problem, file=file, source=source)
    count = len(problems)
    yield f"{count} problem{'' if count == 1 else 's'}; nothing was run"


def lines(problem: Problem, *, file: str, source: str) -> Iterator[str]:
    """Yield one problem as text: `file:line:column: message [code]`, then the line, a caret and the hint."""
    where = _where(problem, file)
    path = f" (at {problem.path})" if problem.path else ""
    grave = "" if problem.severity == "error" else f"{problem.severity}: "
    yield (f"{where}: " if where else "") + f"{grave}{problem.message}{path} [{problem.code}]"
    if problem.file in (None, file):
        yield from _excerpt(problem, source)
    if problem.hint:
        yield f"  hint: {problem.hint}"


def _where(problem: Problem, file: str) -> str:
    """Return `file:line:column`; in the fields around a specification the user has no lines to look at."""
    if problem.file == IN_REQUEST:
        return IN_REQUEST
    return ":".join(str(part) for part in (problem.file or file, problem.line, problem.column) if part)


def _excerpt(problem: Problem, source: str) -> Iterator[str]:
    text = source.splitlines()
    if problem.line is None or not 0 < problem.line <= len(text):
        return
    number = f"{problem.line:>5} | "
    line, column = _around(text[problem.line - 1].replace("\t", " "), problem.column or 1)
    yield number + line
    if problem.column is not None:
        yield " " * (len(number) - 2) + "| " + " " * min(column - 1, len(line)) + "^"


MAX_LINE: Final = 160
"""Characters of a line that are shown."""


def _around(line: str, column: int) -> tuple[str, int]:
    """Return the part of a long line that a column is in, and the column in it."""
    if len(line) <= MAX_LINE:
        return line, column
    start = max(0, min(column - MAX_LINE // 2, len(line) - MAX_LINE))
    part = line[start : start + MAX_LINE]
    left, right = "…" if start else "", "…" if start + MAX_LINE < len(line) else ""
    return f"{left}{part}{right}", column - start + len(left)

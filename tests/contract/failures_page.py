"""The tables of docs/failures.md: those of Kubernetes are made from the catalogue of reasons.

`python -m tests.contract.failures_page --write` writes these anew; the others are written by hand.
"""

import re
import sys
from pathlib import Path
from typing import Final

from polyflow_shared.cluster.kubernetes.pods.failures.catalog import REASONS, Stage

PAGE: Final = Path(__file__).parents[2] / "docs" / "failures.md"
HEAD: Final = "| reason | when | what to do | whose matter |\n|---|---|---|---|\n"
WRITTEN: Final = "| reason | when | what to do |\n|---|---|---|\n"
"""The head of a table that is written by hand."""
_TABLE: Final = re.compile(re.escape(HEAD) + r"(?:\|.*\n)*")


def table(stage: Stage) -> str:
    """Return the table of one stage."""
    those = [row for row in REASONS.values() if row.stage is stage]
    return HEAD + "".join(f"| `{row.word}` | {row.when} | {row.remedy} | {row.blame} |\n" for row in those)


def rows(page: str, head: str) -> dict[str, list[str]]:
    """Return the first words of each table with such a head, by the heading that it stands under."""
    found = dict[str, list[str]]()
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        for body in re.findall(re.escape(head) + r"((?:\|.*\n)*)", section):
            found[section.splitlines()[0]] = re.findall(r"^\| `(\w+)` \|", body, re.MULTILINE)
    return found


def renewed(page: str) -> str:
    """Return the page with its tables, one a stage and in that order, made anew."""
    tables = iter([table(stage) for stage in Stage])
    return _TABLE.sub(lambda _: next(tables), page)


def main() -> None:
    """Write the page."""
    if sys.argv[1:] != ["--write"]:
        raise SystemExit(__doc__)
    PAGE.write_text(renewed(PAGE.read_text()))


if __name__ == "__main__":
    main()

"""The tables of docs/failures.md, made from the catalogue of reasons.

`python -m tests.contract.failures_page --write` writes them anew.
"""

import re
import sys
from pathlib import Path
from typing import Final

from polyflow_shared.cluster.kubernetes.pods.failures.catalog import REASONS, Stage

PAGE: Final = Path(__file__).parents[2] / "docs" / "failures.md"
HEAD: Final = "| reason | when | what to do | whose matter |\n|---|---|---|---|\n"
_TABLE: Final = re.compile(re.escape(HEAD) + r"(?:\|.*\n)*")


def table(stage: Stage) -> str:
    """Return the table of one stage."""
    rows = [row for row in REASONS.values() if row.stage is stage]
    return HEAD + "".join(f"| `{row.word}` | {row.when} | {row.remedy} | {row.blame} |\n" for row in rows)


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

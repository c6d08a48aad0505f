"""`python -m tests.conformance --corpus DIR`: three figures, and every disagreement with its reason.

Runs the command that a user types, once for all files, and compares what it prints with what the released
reader said (`EXPECTED_2180.jsonl` of the corpus).  A verdict of that reader is compared where it gave one:
`n/a` is none, nor is a reference that it could not resolve.  Files that refer to a file which the corpus lacks,
and which the reader had, are counted and named apart.
"""

import json
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from tests.conformance.disagreements import REASONS

_POLYFLOW: Final = Path(sys.executable).with_name("polyflow")
EXPECTED: Final = "EXPECTED_2180.jsonl"
BAR: Final = 0.99
_OFFLINE: Final = "PF7008"
"""The code of a reference into the web, which a check without `--online` does not look at."""
_BATCH: Final = 500
"""Files that one process checks: a command line is not endless."""
_UNRESOLVED: Final = "unresolved-ref"
"""What the reader says of a reference that it could not follow: no verdict, and polyflow should not accept it."""
_MISSING: Final = "PF7002"
"""The code of a reference that leads to nothing."""


@dataclass(frozen=True)
class Disagreement:
    """A file of which the two readers say different things."""

    what: str
    file: str
    theirs: Any
    ours: Any
    answer: Mapping[str, Any]
    corpus: Path

    @property
    def said(self) -> str:
        """The first thing that we say of the file."""
        said = [*self.answer["errors"], *self.answer["warnings"]]
        return f"{said[0]['code']} {said[0]['message']}" if said else "nothing is wrong with it"

    @property
    def lacks_a_file(self) -> bool:
        """Whether it refers to a file that is really not there."""
        missing = [error for error in self.answer["errors"] if error["code"] == _MISSING]
        named = [error["message"].split("`")[1] for error in missing if error["path"].endswith("pathRef")]
        return bool(named) and not any((self.corpus / name).exists() for name in named)


def main() -> int:
    """Print the comparison; the exit status is 0 where every figure reaches the bar."""
    parser = ArgumentParser(prog="conformance", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="The folder of the corpus.")
    corpus = parser.parse_args().corpus
    if not (corpus / EXPECTED).is_file():
        click.echo(f"there is no corpus in {corpus}: it has to have {EXPECTED}", err=True)
        return 2
    expected = [json.loads(line) for line in (corpus / EXPECTED).read_text().splitlines()]
    answers = {answer["file"]: answer for answer in _answers(corpus, [one["file"] for one in expected])}
    reached = True
    for what, compared in _COMPARISONS.items():
        pairs = [(one, pair) for one in expected if (pair := compared(one, answers[one["file"]]))]
        reached &= _report(what, pairs, answers, corpus)
    _report_unresolved([answers[one["file"]] for one in expected if one.get("compile") == _UNRESOLVED])
    return 0 if reached else 1


def _answers(corpus: Path, files: list[str]) -> Iterator[Any]:
    """Yield what `polyflow check` says of each file."""
    for start in range(0, len(files), _BATCH):
        command = [str(_POLYFLOW), "check", "--format", "json", "--hub", "hub"]
        done = subprocess.run(
            [*command, *files[start : start + _BATCH]],
            cwd=corpus,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.stderr:
            raise SystemExit(done.stderr)
        yield from map(json.loads, done.stdout.splitlines())


Pair = tuple[Any, Any]


def _schema(expected: Mapping[str, Any], answer: Mapping[str, Any]) -> Pair:
    return expected["schema"], answer["schema"]


def _compile(expected: Mapping[str, Any], answer: Mapping[str, Any]) -> Pair | None:
    theirs = expected.get("compile")
    return (theirs, answer["compile"]) if theirs in ("accept", "reject") else None


def _graph(expected: Mapping[str, Any], answer: Mapping[str, Any]) -> Pair | None:
    if "dag_upstream" not in expected:
        return None
    return {name: sorted(upstream) for name, upstream in expected["dag_upstream"].items()}, answer["upstream"]


_COMPARISONS: Final = {"schema verdict": _schema, "compile verdict": _compile, "graph": _graph}


def _report(what: str, pairs: list[tuple[Any, Pair]], answers: Mapping[str, Any], corpus: Path) -> bool:
    different = [
        Disagreement(what, one["file"], theirs, ours, answers[one["file"]], corpus)
        for one, (theirs, ours) in pairs
        if theirs != ours
    ]
    lacking = [one for one in different if one.lacks_a_file]
    judged = len(pairs) - len(lacking)
    agreed = len(pairs) - len(different)
    with_all = f"{agreed / len(pairs):.2%} of all {len(pairs)}"
    also = f"; {len(lacking)} more refer to files that the corpus lacks ({with_all})" if lacking else ""
    click.echo(f"{what}: {agreed} of {judged} agree, {agreed / judged:.2%} (bar: {BAR:.0%}){also}")
    for one in different:
        click.echo(f"  {one.file}: the reader says {one.theirs}, polyflow says {one.ours}")
        click.echo(f"    {one.said}")
        click.echo(f"    {REASONS.get(one.file, 'NO REASON IS GIVEN')}")
    explained = all(one.file in REASONS for one in different)
    return explained and agreed / judged >= BAR


def _report_unresolved(answers: list[Mapping[str, Any]]) -> None:
    """Print what polyflow says where the reader could not follow a reference; it is in none of the figures."""
    accepted = [answer for answer in answers if answer["compile"] != "reject"]
    refused = len(answers) - len(accepted)
    click.echo(f"references that the reader could not follow: polyflow refuses {refused} of {len(answers)}")
    for answer in accepted:
        offline = [warning for warning in answer["warnings"] if warning["code"] == _OFFLINE]
        said = offline[0]["message"] if offline else "NO REASON IS GIVEN"
        click.echo(f"  {answer['file']}: {answer['compile']}\n    {said}")


if __name__ == "__main__":
    sys.exit(main())

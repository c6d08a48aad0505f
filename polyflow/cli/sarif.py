"""Findings as SARIF 2.1.0, which code hosts and editors show beside the lines."""

import inspect
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import version
from itertools import chain, pairwise
from typing import Any, Final

from polyflow.checking import Checking
from polyflow_shared.language import codes
from polyflow_shared.language.codes import Code
from polyflow_topics.events import Problem

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def log(checkings: Sequence[Checking]) -> dict[str, Any]:
    """Return a SARIF log of one run over all files."""
    results = [result for checking in checkings for result in _results(checking)]
    driver = {
        "name": "polyflow check",
        "version": version("polyflow"),
        "rules": [_rule(code) for code in Code],
    }
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }


def _rule(code: Code) -> dict[str, Any]:
    name = code.name.lower().replace("_", " ")
    return {
        "id": code.value,
        "name": "".join(word.capitalize() for word in name.split()),
        "shortDescription": {"text": name},
        "fullDescription": {"text": _descriptions().get(code.name) or name},
    }


@cache
def _descriptions() -> dict[str, str]:
    """Return what `codes.py` says below each code."""
    lines = [line.strip() for line in inspect.getsource(codes.Code).splitlines()]
    return {
        line.split(" = ")[0]: following.strip('"')
        for line, following in pairwise(lines)
        if " = " in line and following.startswith('"""')
    }


def _results(checking: Checking) -> Iterator[dict[str, Any]]:
    for problem in chain(checking.checked.errors, checking.checked.warnings):
        hint = f"\n{problem.hint}" if problem.hint else ""
        yield {
            "ruleId": problem.code,
            "level": problem.severity,
            "message": {"text": problem.message + hint},
            "locations": [_location(problem, checking.file)],
        }


def _location(problem: Problem, file: str) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": (problem.file or file).replace("\\", "/")}}
    if problem.line is not None:
        place["region"] = {"startLine": problem.line, "startColumn": problem.column or 1}
    location: dict[str, Any] = {"physicalLocation": place}
    if problem.path:
        location["logicalLocations"] = [{"fullyQualifiedName": problem.path}]
    return location

"""Findings as SARIF 2.1.0, which code hosts and editors show beside the lines."""

import ast
import inspect
import os
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import version
from itertools import chain, pairwise
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from polyflow.specifications.checking import Checking
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
    text = descriptions()[code.name]
    return {
        "id": code.value,
        "name": "".join(word.capitalize() for word in name.split()),
        "shortDescription": {"text": name},
        "fullDescription": {"text": text},
        "help": {"text": f"{text} It is found at the stage {code.stage.value}."},
    }


@cache
def descriptions() -> dict[str, str]:
    """Return what `codes.py` says below each code, by the code's name in Python."""
    (tree,) = ast.parse(inspect.getsource(Code)).body
    assert isinstance(tree, ast.ClassDef)
    return {
        assigned.targets[0].id: " ".join(text.split())
        for assigned, below in pairwise(tree.body)
        if isinstance(assigned, ast.Assign) and isinstance(assigned.targets[0], ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
        if isinstance(text := below.value.value, str)
    }


def _results(checking: Checking) -> Iterator[dict[str, Any]]:
    for problem in chain(checking.checked.errors, checking.checked.warnings):
        hint = f"\n{problem.hint}" if problem.hint else ""
        yield {
            "ruleId": problem.code,
            "ruleIndex": _INDEX[problem.code],
            "level": problem.severity,
            "message": {"text": problem.message + hint},
            "locations": [_location(problem, checking.file)],
        }


_INDEX: Final = {code.value: index for index, code in enumerate(Code)}


def _location(problem: Problem, file: str) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(problem.file or file)}}
    if problem.line is not None:
        place["region"] = {"startLine": problem.line, "startColumn": problem.column or 1}
    location: dict[str, Any] = {"physicalLocation": place}
    if problem.path:
        location["logicalLocations"] = [{"fullyQualifiedName": problem.path}]
    return location


def _uri(name: str) -> str:
    """Return a file's name as a URI; that of a relative path is relative to the working directory."""
    if "://" in name:
        return quote(name, safe=_OF_URIS)
    path = PurePath(name)
    return path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))


_OF_URIS: Final = ":/?#[]@!$&'()*+,;=%"

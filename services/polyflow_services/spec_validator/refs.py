"""Refs: where a param's value is read from, and whether its type fits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from polyflow_services.spec_validator.graph import upstream_name
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Nearest, Path
from polyflow_shared.language.models import V1IO, V1Param
from polyflow_shared.language.values import parsed_type
from polyflow_topics.plan import OutputOf


@dataclass(frozen=True, slots=True)
class Bound:
    """What a name stands for in an operation.

    Attributes:
        kind: the type's name, if one is declared.
        value: the literal; behind a source, the default.
        source: the upstream output that it is read from.
        required: whether the operation fails where its source has no such output.
        io: how it is declared, if it is.
        param: how it is given, if it is.
        broken: nothing is known of it, because of a problem that was noted already.
    """

    kind: str | None = None
    value: JsonValue = None
    source: OutputOf | None = None
    required: bool = True
    io: V1IO | None = None
    param: V1Param | None = None
    broken: bool = False


Bindings = Mapping[str, Bound]
BROKEN: Final = Bound(broken=True)


@dataclass(frozen=True, slots=True)
class Upstream:
    """What a ref can read from a sibling."""

    index: int
    inputs: Bindings
    outputs: Mapping[str, V1IO]


_BRACES: Final = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_RUN: Final = re.compile(r"runs\.[0-9a-fA-F-]+")
_TEXTS: Final = frozenset({"str", "path", "s3", "gcs", "wasb"})
"""Types between which a ref may lead."""


def followed(
    param: V1Param,
    path: Path,
    dag: Bindings,
    siblings: Mapping[str, Upstream | None],
    findings: list[Finding],
) -> Bound:
    """Return what a param's ref leads to.

    Args:
        param: with a ref.
        path: where the param stands.
        dag: inputs of the enclosing DAG.
        siblings: operations of the DAG by name; None for one of which nothing is known.
        findings: where to note what is wrong.
    """
    ref = (param.ref or "").strip()
    entry = _entry(param.value)
    if entry is None:
        message = "a param with `ref` names what to read: `inputs.NAME`, `outputs.NAME` or `outputs`"
        findings.append(Finding(Code.WRONG_REF, message, (*path, "value")))
        return BROKEN
    if ref == "dag":
        return _of_dag(entry, path, dag, findings)
    name = upstream_name(ref)
    if name is not None:
        upstream = siblings.get(name)
        return BROKEN if upstream is None else _of_upstream(name, entry, path, upstream, findings)
    if _RUN.fullmatch(ref):
        findings.append(Finding(Code.NOT_YET, "a ref to another run is not supported yet", (*path, "ref")))
    else:
        message = f"`{ref}` is no ref; write `dag` or `ops.NAME`"
        findings.append(Finding(Code.WRONG_REF, message, (*path, "ref"), _ref_hint(ref, siblings)))
    return BROKEN


def _ref_hint(ref: str, siblings: Mapping[str, object]) -> str | Nearest:
    if ref in siblings:
        return f"did you mean `ops.{ref}`?"
    return Nearest(ref.removeprefix("ops."), siblings)


def _entry(value: object) -> tuple[str, ...] | None:
    """Return the words of `outputs.loss`, with or without braces around it."""
    if not isinstance(value, str):
        return None
    match = _BRACES.fullmatch(value.strip())
    words = tuple((match[1] if match else value.strip()).split(".", 1))
    return words if all(words) else None


def _of_dag(entry: tuple[str, ...], path: Path, dag: Bindings, findings: list[Finding]) -> Bound:
    if len(entry) == 2 and entry[0] == "inputs":
        if entry[1] in dag:
            return dag[entry[1]]
        message = f"the enclosing DAG has no input `{entry[1]}`"
        hint = Nearest(entry[1], dag)
        findings.append(Finding(Code.UNKNOWN_ENTRY, message, (*path, "value"), hint))
    else:
        findings.append(_unsupported("the DAG", entry, path, {"globals", "artifacts", "inputs", "io"}))
    return BROKEN


def _of_upstream(
    name: str, entry: tuple[str, ...], path: Path, upstream: Upstream, findings: list[Finding]
) -> Bound:
    match entry:
        case ("outputs",):
            return Bound("dict", source=OutputOf(operation=upstream.index, output=""))
        case ("outputs", output) if output in upstream.outputs:
            io = upstream.outputs[output]
            return Bound(io.kind, source=OutputOf(operation=upstream.index, output=output))
        case ("inputs", given) if given in upstream.inputs:
            return upstream.inputs[given]
        case ("outputs" | "inputs" as group, missing):
            known = upstream.outputs if group == "outputs" else upstream.inputs
            message = f"operation `{name}` declares no {group[:-1]} `{missing}`"
            findings.append(Finding(Code.UNKNOWN_ENTRY, message, (*path, "value"), Nearest(missing, known)))
        case _:
            later = {"globals", "artifacts", "inputs", "io"}
            findings.append(_unsupported(f"operation `{name}`", entry, path, later))
    return BROKEN


def _unsupported(whose: str, entry: tuple[str, ...], path: Path, later: set[str]) -> Finding:
    if entry[0] in later:
        return Finding(Code.NOT_YET, f"`{entry[0]}` of {whose} is not supported yet", (*path, "value"))
    message = f"`{'.'.join(entry)}` cannot be read from {whose}"
    return Finding(Code.WRONG_REF, message, (*path, "value"))


def fits(source: str | None, target: str | None) -> bool:
    """Tell whether a value of one declared type may go where the other is declared, by the types' names."""
    if source is None or target is None:
        return source is target
    one, other = str(parsed_type(source)), str(parsed_type(target))
    return one == other or {one, other} <= _TEXTS

"""Refs: where a param's value is read from, and whether its type fits."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from pydantic import JsonValue

from polyflow_services.spec_validator.links.graph import upstream_name
from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.expressions.names import ENTRY_GROUPS
from polyflow_shared.language.findings import Finding, Nearest, Path
from polyflow_shared.language.models import V1IO, V1Param
from polyflow_shared.language.values.typed import TypeNameError, parsed_type
from polyflow_topics.plan import OutputOf
from polyflow_topics.pods import ALL_ARTIFACTS, ARTIFACTS
from polyflow_topics.queries import Question


@dataclass(frozen=True, slots=True)
class Varied:
    """A value that each trial of a matrix has for itself.

    Attributes:
        matrix: the number of the operation that is the matrix.
        name: the param's name there.
    """

    matrix: int
    name: str


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
        later: its value is not known yet.
        varied: which value of a trial it is, where a matrix gives it; the operation is in one of its trials.
        asked: the questions about other runs whose answers it is made of.
        behind: where its source is an input that is made of answers: their questions.
    """

    kind: str | None = None
    value: JsonValue = None
    source: OutputOf | None = None
    required: bool = True
    io: V1IO | None = None
    param: V1Param | None = None
    broken: bool = False
    later: bool = False
    varied: Varied | None = None
    asked: tuple["AskedElsewhere", ...] = ()
    behind: tuple["AskedElsewhere", ...] = ()


@dataclass(frozen=True, slots=True)
class AskedElsewhere:
    """Part of a value that is found in other runs.

    Attributes:
        question: what is asked, but for its entries.
        entry: what is read of each run.
    """

    question: Question
    entry: str


Bindings = Mapping[str, Bound]
BROKEN: Final = Bound(broken=True)


@dataclass(frozen=True, slots=True)
class Upstream:
    """What a ref can read from a sibling, or from the DAG around."""

    index: int
    """-1 for the run itself."""
    inputs: Bindings
    outputs: Mapping[str, V1IO]
    matrix: bool = False


_BRACES: Final = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_RUN: Final = re.compile(r"runs\.[0-9a-fA-F-]+")
_TEXTS: Final = frozenset({"str", "path", "s3", "gcs", "wasb"})
"""Types between which a ref may lead."""

_WHOLE: Final = {"inputs": "dict", "outputs": "dict", "io": "dict", "artifacts": "str"}
"""What may be read as a whole, and its type."""
_GLOBALS: Final = frozenset(
    {
        "owner_name", "project_name", "project_unique_name", "project_uuid", "run_info", "name", "uuid",
        "status", "namespace", "iteration", "context_path", "artifacts_path", "created_at", "compiled_at",
        "schedule_at", "started_at", "finished_at", "duration", "cloning_kind", "original_uuid",
        "is_independent",
    }
)  # fmt: skip
GLOBALS_OF_RUNS: Final = _GLOBALS - {"context_path", "artifacts_path", "namespace"}
"""Those that are read from another operation; where it ran is not known to others."""
_ARTIFACTS: Final = frozenset({"files", "dirs"})
"""Keys of a map that names artifacts of another run."""
_PAIR: Final = 2
_THE_DAG: Final = "the DAG"


def followed(
    param: V1Param,
    path: Path,
    dag: Upstream,
    siblings: Mapping[str, Upstream | None],
    findings: list[Finding],
) -> Bound:
    """Return what a param's ref leads to.

    Args:
        param: with a ref.
        path: where the param stands.
        dag: the enclosing DAG.
        siblings: operations of the DAG by name; None for one of which nothing is known.
        findings: where to note what is wrong.
    """
    ref = (param.ref or "").strip()
    name = upstream_name(ref)
    if ref != "dag" and name is None and not _RUN.fullmatch(ref):
        message = f"`{ref}` is no ref; write `dag`, `ops.NAME` or `runs.UUID`"
        findings.append(Finding(Code.WRONG_REF, message, (*path, "ref"), _ref_hint(ref, siblings)))
        return BROKEN
    if isinstance(param.value, dict) and param.value and param.value.keys() <= _ARTIFACTS:
        return _files(param.value, ref, path, siblings, findings)
    entry = _entry(param.value, path, findings)
    if entry is None:
        return BROKEN
    if ref == "dag":
        return _of_dag(entry, path, dag, findings)
    if name is None:
        return _of_run(ref.removeprefix("runs."), entry, path, findings)
    upstream = siblings.get(name)
    if upstream is not None and upstream.matrix and _of_trials(entry, upstream):
        findings.append(_no_single_value(name, param, path))
    return BROKEN if upstream is None else _of_upstream(name, entry, path, upstream, findings)


def _of_trials(entry: tuple[str, ...], upstream: Upstream) -> bool:
    """Tell whether each trial of a matrix has a value of its own for what is read from the matrix."""
    if entry[0] == "inputs" and len(entry) > 1 and entry[1] in upstream.inputs:
        return upstream.inputs[entry[1]].varied is not None
    return entry[0] in ("outputs", "inputs", "io", "artifacts")


def _no_single_value(name: str, param: V1Param, path: Path) -> Finding:
    message = f"`{name}` is a matrix: each of its trials has `{param.value}`, and it has none itself"
    hint = "collect those of the trials with `joins`, or read it inside the DAG of a trial"
    return Finding(Code.WRONG_REF, message, (*path, "value"), hint, stage=Stage.RUN_READY)


def _ref_hint(ref: str, siblings: Mapping[str, object]) -> str | Nearest:
    if ref in siblings:
        return f"did you mean `ops.{ref}`?"
    return Nearest(ref.removeprefix("ops."), siblings)


def _entry(value: object, path: Path, findings: list[Finding]) -> tuple[str, ...] | None:
    """Return the words of `outputs.loss`, with or without braces around it; note where it is none."""
    words: tuple[str, ...] = ()
    if isinstance(value, str):
        match = _BRACES.fullmatch(value.strip())
        words = tuple((match[1] if match else value.strip()).split("."))
    if words and all(words) and _readable(words):
        return words
    message = (
        "a param with `ref` names what to read: `inputs.NAME`, `outputs.NAME`, `globals.NAME` or `outputs`"
    )
    hint = Nearest(words[0], ENTRY_GROUPS) if words else ""
    findings.append(Finding(Code.WRONG_REF, message, (*path, "value"), hint))
    return None


def _readable(words: Sequence[str]) -> bool:
    match words:
        case [whole]:
            return whole in _WHOLE
        case [group, _]:
            return group in ENTRY_GROUPS
    return words[0] == "artifacts" and len(words) == 3


def _of_run(run: str, entry: tuple[str, ...], path: Path, findings: list[Finding]) -> Bound:
    """Return an entry of another run, of which nothing is known before the operation starts."""
    if entry[0] == "globals" and entry[1] not in GLOBALS_OF_RUNS:
        return _no_global(entry[1], "another run", path, findings)
    try:
        question = Question(run=str(UUID(run)))
    except ValueError:
        message = f"`{run}` is not the id of a run, which has 32 hexadecimal digits"
        findings.append(Finding(Code.WRONG_REF, message, (*path, "ref")))
        return BROKEN
    return Bound(later=True, asked=(AskedElsewhere(question, ".".join(entry)),))


def _files(
    files: Mapping[str, JsonValue],
    ref: str,
    path: Path,
    siblings: Mapping[str, Upstream | None],
    findings: list[Finding],
) -> Bound:
    """Return several artifacts of an operation, as a map of paths."""
    name = upstream_name(ref)
    if name is None:
        return _later("artifacts", f"a map of artifacts of `{ref}`", path, findings)
    wrong = next(wrong_paths(files), None)
    if wrong is not None:
        findings.append(Finding(Code.WRONG_REF, wrong, (*path, "value")))
        return BROKEN
    upstream = siblings.get(name)
    if upstream is None:
        return BROKEN
    if upstream.matrix:
        findings.append(_no_single_value(name, V1Param(value="artifacts"), path))
    source = OutputOf(operation=upstream.index, output=ALL_ARTIFACTS, of="artifacts", files={**files})
    return Bound("artifacts", source=source)


def wrong_paths(files: Mapping[str, JsonValue]) -> Iterator[str]:
    """Yield what is wrong with the paths of a map of artifacts."""
    for kind, paths in files.items():
        for path in paths if isinstance(paths, list) else [paths]:
            texts = path if isinstance(path, list) else [path]
            if not texts or len(texts) > _PAIR or not all(map(_is_below, texts)):
                yield f"`{kind}` of artifacts is a list of relative paths, or of `[from, to]`, not `{path}`"


def _is_below(path: JsonValue) -> bool:
    return isinstance(path, str) and bool(path) and path[0] != "/" and ".." not in path.split("/")


def _of_dag(entry: tuple[str, ...], path: Path, dag: Upstream, findings: list[Finding]) -> Bound:
    match entry:
        case ("inputs", name) if name in dag.inputs:
            return _as_upstream(dag, name)
        case ("inputs", name):
            message = f"the enclosing DAG has no input `{name}`"
            hint = Nearest(name, dag.inputs)
            findings.append(Finding(Code.UNKNOWN_ENTRY, message, (*path, "value"), hint))
            return BROKEN
        case ("inputs" | "io",):
            return _whole(entry[0], dag)
        case ("outputs", *_):
            message = "a DAG's outputs are not there before it ends"
            findings.append(Finding(Code.WRONG_REF, message, (*path, "value"), "read an operation's output"))
            return BROKEN
    return _elsewhere(_THE_DAG, dag, entry, path, findings)


def _as_upstream(upstream: Upstream, name: str) -> Bound:
    """Return another operation's input: what it stands for, or where that is only known later, its value."""
    bound = upstream.inputs[name]
    if not bound.asked:
        return bound
    elsewhere = any(asked.entry.partition(".")[0] == ARTIFACTS for asked in bound.asked)
    source = OutputOf(operation=upstream.index, output=name, of="inputs", elsewhere=elsewhere)
    return Bound(bound.kind, source=source, behind=bound.asked)


def _whole(of: str, upstream: Upstream) -> Bound:
    groups: dict[str, Literal["inputs", "io"]] = {"inputs": "inputs", "io": "io"}
    return Bound("dict", source=OutputOf(operation=upstream.index, output="", of=groups[of]))


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
            return _as_upstream(upstream, given)
        case ("inputs" | "io",):
            return _whole(entry[0], upstream)
        case ("outputs" | "inputs" as group, missing):
            known = upstream.outputs if group == "outputs" else upstream.inputs
            message = f"operation `{name}` declares no {group[:-1]} `{missing}`"
            hint = Nearest(missing, known, f"declare it there: `{group}: [{{name: {missing}, type: …}}]`")
            findings.append(Finding(Code.UNKNOWN_ENTRY, message, (*path, "value"), hint))
            return BROKEN
    return _elsewhere(f"operation `{name}`", upstream, entry, path, findings)


def _elsewhere(
    whose: str, upstream: Upstream, entry: tuple[str, ...], path: Path, findings: list[Finding]
) -> Bound:
    """Return what is neither a declared input nor an output: globals, artifacts."""
    if entry[0] == "globals" and entry[1] in GLOBALS_OF_RUNS:
        return Bound("str", source=OutputOf(operation=upstream.index, output=entry[1], of="globals"))
    if entry[0] == "globals" and entry[1] not in _GLOBALS:
        return _no_global(entry[1], whose, path, findings)
    if entry[0] == "artifacts" and whose != _THE_DAG:
        wanted = ".".join(entry[1:])
        source = OutputOf(operation=upstream.index, output=wanted or ALL_ARTIFACTS, of="artifacts")
        return Bound("artifacts" if wanted else "str", source=source)
    kind = "artifacts" if entry[0] == "artifacts" and len(entry) > 1 else _WHOLE.get(entry[0], "str")
    return _later(kind, f"`{entry[0]}` of {whose}", path, findings)


def _no_global(name: str, whose: str, path: Path, findings: list[Finding]) -> Bound:
    message = f"there is no `globals.{name}` to read from {whose}"
    findings.append(Finding(Code.WRONG_REF, message, (*path, "value"), Nearest(name, _GLOBALS)))
    return BROKEN


def _later(kind: str | None, what: str, path: Path, findings: list[Finding]) -> Bound:
    findings.append(Finding(Code.NOT_YET, f"{what} cannot be read yet", (*path, "value")))
    return Bound(kind, later=True)


def fits(source: str | None, target: str | None) -> bool:
    """Tell whether a value of one declared type may go where the other is declared, by the types' names."""
    if source is None or target is None:
        return source is target
    one, other = _canonical(source), _canonical(target)
    return one == other or {one, other} <= _TEXTS or (one == "artifacts" and other in _TEXTS)


def _canonical(name: str) -> str:
    try:
        return str(parsed_type(name))
    except TypeNameError:  # the reader looks at a type only where a value must be read
        return name

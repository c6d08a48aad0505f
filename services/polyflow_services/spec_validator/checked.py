"""A specification checked without running anything: three verdicts, its graph, and what is to say of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from polyflow_services.spec_validator.certainty import readable
from polyflow_services.spec_validator.compilation import Compiled, compiled
from polyflow_services.spec_validator.requests import reading
from polyflow_services.spec_validator.requests.request import Text
from polyflow_services.spec_validator.shape.around import Around
from polyflow_shared.language import schema
from polyflow_shared.language.codes import Stage
from polyflow_shared.language.document import Document
from polyflow_shared.language.findings import Finding, problems, unspelled
from polyflow_shared.language.models import V1Dag
from polyflow_shared.language.text.spelling import respelled
from polyflow_topics.events import Problem

ALONE: Final = Around()
Verdict = Literal["accept", "reject", "n/a"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What is to say of a specification.

    Attributes:
        schema: whether its text and its fields are right.
        compile: whether its references, layers, graph and params fit together; `n/a` for what is not meant to
            be run by itself.
        run_ready: whether it can be run as it is, required values included; `n/a` where only an installation
            knows.
        upstream: for each operation of its DAG, by name, the names of its upstreams, sorted.
        errors: why it is refused, in the order of the text.
        warnings: what else its author should know.
        compiled: what it compiled to.
    """

    schema: Verdict
    compile: Verdict
    run_ready: Verdict
    upstream: Mapping[str, Sequence[str]] = field(default_factory=dict)
    errors: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    compiled: Compiled | None = None

    @property
    def accepted(self) -> bool:
        """Whether nothing is wrong with it; it may still be nothing that this release can run."""
        return not self.errors


def check(text: bytes | str, *, file: str, around: Around = ALONE) -> Checked:
    """Return what is to say of a specification.

    Args:
        text: YAML or JSON.
        file: the name that problems are shown with.
        around: what it is compiled with.
    """
    return check_document(reading.read(text), file=file, around=around)


def check_document(read: Document, *, file: str, around: Around = ALONE) -> Checked:
    """Return what is to say of a specification that was read already; see `check`."""
    if read.value is None:
        result, found = Compiled(), list(read.findings)
    else:
        specification = schema.read(read.value)
        result = compiled(specification, around)
        found = [*read.findings, *readable(result.findings, read.findings), *_respelled(read)]
    others = {**around.sources.locates, **around.locates}
    where = Text(read.locate, file=file, others=others, spelling=read.spelling)
    stages = {finding.refused_at for finding in (*found, *result.value_findings)}
    errors = [finding for finding in found if finding.severity == "error"]
    rest = [finding for finding in found if finding.severity != "error"]
    return Checked(
        *_verdicts(stages, result),
        upstream=dict(_upstream(result)),
        errors=(*problems(result.value_findings), *where.problems(errors)),
        warnings=where.problems(rest),
        compiled=result,
    )


def _respelled(read: Document) -> Iterator[Finding]:
    """Yield what may be texts by mistake; most documents have nothing that could be."""
    if read.spelling is not unspelled:
        yield from respelled(read.value)


def _verdicts(stages: set[Stage | None], result: Compiled) -> tuple[Verdict, Verdict, Verdict]:
    if Stage.SCHEMA in stages:
        return "reject", "n/a", "n/a"
    if _is_part(result):
        return "accept", "n/a", "n/a"
    runs: Verdict = "n/a" if Stage.INSTALLATION in stages else "accept"
    if stages & {Stage.COMPILE, Stage.RUN_READY, Stage.SUPPORT}:
        runs = "reject"
    if result.top is not None and result.top.operation.kind == "compiled_operation":
        return "accept", "n/a", runs
    return "accept", "reject" if Stage.COMPILE in stages else "accept", runs


def _is_part(result: Compiled) -> bool:
    """Tell whether a specification is laid over others and never run by itself."""
    return result.top is not None and bool(result.top.operation.is_preset)


def _upstream(result: Compiled) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the operations of the outermost DAG with their upstreams."""
    expansion = result.expansion
    if not expansion.scopes or result.top is None or not isinstance(result.top.run, V1Dag):
        return
    names = {index: name for name, index in expansion.scopes[0].members.items()}
    for name, index in expansion.scopes[0].members.items():
        declared = expansion.operations[index]
        if declared.builds is None:
            waits = declared if declared.build is None else expansion.operations[declared.build]
            yield name, sorted(names[upstream] for upstream in waits.upstreams)

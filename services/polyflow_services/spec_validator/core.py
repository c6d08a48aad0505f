"""A request becomes a plan, or a rejection that lists everything that is wrong with it.

Pure: the same request gives the same messages, however often it is delivered.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from pydantic import JsonValue

from polyflow_services.spec_validator import request as requests
from polyflow_services.spec_validator.bind import Binder, unknown_values
from polyflow_services.spec_validator.doubt import certain
from polyflow_services.spec_validator.expand import Expansion
from polyflow_services.spec_validator.plan import Plan, planned
from polyflow_services.spec_validator.request import Asked, Text
from polyflow_shared.language import document, schema
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, problems
from polyflow_shared.language.models import V1Dag, V1Operation
from polyflow_topics.catalog import MAX_PLAN_PART_BYTES
from polyflow_topics.events import Problem, RequestRejected
from polyflow_topics.message import Message, Values
from polyflow_topics.names import RunId, run_id
from polyflow_topics.plan import PlanBegun, PlanEnded, PlanPart

CLUSTERS: Final = frozenset({"local"})
"""Names of the clusters that there are when nothing else is set."""


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request as it was delivered.

    Attributes:
        value: the CloudEvent's data.
        source: the CloudEvent's source.
        id: the CloudEvent's id.
        at: the record's time.
    """

    value: bytes
    source: str
    id: str
    at: datetime

    @property
    def run(self) -> RunId:
        """The run that the request makes."""
        return run_id(self.source, self.id)


@dataclass(slots=True)
class Compiled:
    """What became of a specification.

    Attributes:
        name: its own name, if it has one.
        plan: none if anything is wrong.
        values: what the inputs and outputs at the top stand for.
        findings: what is wrong with it, by its own paths.
        value_findings: what is wrong with the request's params.
    """

    name: str = ""
    plan: Plan | None = None
    values: Values = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    value_findings: list[Finding] = field(default_factory=list)


def validate(record: RequestRecord, *, clusters: frozenset[str] = CLUSTERS) -> Sequence[Message]:
    """Return the plan of a request, in order, or its rejection.

    Args:
        record: the request; its body may be any bytes.
        clusters: names of the clusters that there are.
    """
    asked = requests.read(record.value)
    compiled = compile_specification(asked.specification, asked.request.params, clusters)
    found = (
        *asked.body.problems([*asked.body_findings, *compiled.value_findings]),
        *asked.text.problems([*asked.text_findings, *compiled.findings]),
    )
    if not found and compiled.plan is not None:
        begun = _begun(record, asked, compiled, compiled.plan)
        if len(begun.model_dump_json()) <= MAX_PLAN_PART_BYTES:
            return [begun, *_parts(begun, compiled.plan)]
        found = problems(
            [Finding(Code.TOO_BIG, f"params and policies exceed {MAX_PLAN_PART_BYTES // 1024} KiB")]
        )
    return [_rejected(record, asked, compiled, found)]


def check(
    text: bytes, *, file: str, params: Mapping[str, JsonValue], clusters: frozenset[str] = CLUSTERS
) -> Sequence[Problem]:
    """Return what is wrong with a specification and the params for it, without running anything.

    Args:
        text: the specification, YAML or JSON.
        file: the name that problems are shown with.
        params: values for its inputs, by name.
        clusters: names of the clusters that there are.
    """
    read = document.read(text)
    compiled = compile_specification(read.value, params, clusters)
    where = Text(read.locate, file=file)
    return [
        *problems(compiled.value_findings),
        *where.problems([*read.findings, *compiled.findings]),
    ]


def compile_specification(
    value: JsonValue, params: Mapping[str, JsonValue], clusters: frozenset[str]
) -> Compiled:
    """Return the plan of a specification, or all that is wrong with it.

    Args:
        value: the specification as plain values; None where there is none.
        params: values for its inputs, by name.
        clusters: names of the clusters that there are.
    """
    if value is None:
        return Compiled()
    read = schema.read(value)
    compiled = Compiled(findings=list(read.findings))
    if read.operation is None:
        return compiled
    found = _compile(read.operation, params, clusters, compiled)
    compiled.findings.extend(certain(found, read.findings))
    if compiled.findings:
        compiled.plan = None
    return compiled


def _compile(
    operation: V1Operation, params: Mapping[str, JsonValue], clusters: frozenset[str], compiled: Compiled
) -> list[Finding]:
    """Fill in what a specification compiles to; return what is wrong with it."""
    expansion = Expansion(clusters)
    top = expansion.expand(operation)
    compiled.value_findings = unknown_values(top, params)
    unknown = {str(finding.path[-1]) for finding in compiled.value_findings}
    binder = Binder(expansion)
    bound = binder.bind(top, {name: value for name, value in params.items() if name not in unknown})
    findings = [*expansion.findings, *binder.findings]
    compiled.name = operation.name or ("pipeline" if isinstance(top.run, V1Dag) else "main")
    compiled.values = {
        name: entry.value for name, entry in bound.items() if name in top.inputs or name in top.params
    }
    compiled.plan = planned(expansion, binder.bindings, findings)
    compiled.value_findings += [finding for finding in findings if _of_request(finding, params)]
    return [finding for finding in findings if not _of_request(finding, params)]


def _of_request(finding: Finding, params: Mapping[str, JsonValue]) -> bool:
    """Tell whether a finding is about a value of the request and not of the specification."""
    return finding.path[:1] == ("params",) and len(finding.path) > 1 and finding.path[1] in params


def _begun(record: RequestRecord, asked: Asked, compiled: Compiled, plan: Plan) -> PlanBegun:
    return PlanBegun(
        run=record.run,
        specification=_digest(record.value),
        plan=plan.digest,
        name=asked.request.name or compiled.name,
        project=asked.request.project,
        owner=asked.request.owner,
        tags=asked.request.tags,
        params=compiled.values,
        presets=asked.request.presets,
        operations=sum(len(part.operations) for part in plan.parts),
        parts=len(plan.parts),
        policies=plan.policies,
    )


def _parts(begun: PlanBegun, plan: Plan) -> Iterator[Message]:
    for number, part in enumerate(plan.parts):
        yield PlanPart(
            run=begun.run,
            plan=begun.plan,
            part=number,
            operations=tuple(part.operations),
            edges=tuple(part.edges),
            scopes=tuple(part.scopes),
        )
    yield PlanEnded(run=begun.run, plan=begun.plan)


def _rejected(
    record: RequestRecord, asked: Asked, compiled: Compiled, found: tuple[Problem, ...]
) -> RequestRejected:
    return RequestRejected(
        run=record.run,
        request=record.id,
        project=asked.request.project,
        owner=asked.request.owner,
        name=asked.request.name or compiled.name,
        tags=asked.request.tags,
        problems=found,
        specification=_digest(record.value),
        at=record.at,
    )


def _digest(value: bytes) -> str:
    return sha256(value).hexdigest()

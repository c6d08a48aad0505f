"""A request becomes a plan, or a rejection that lists everything that is wrong with it.

Pure but for the port `fetch`, which reads what references lead to: the same request and the same texts give
the same messages, however often it is delivered.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from polyflow_services.spec_validator import gathering
from polyflow_services.spec_validator.certainty import readable
from polyflow_services.spec_validator.compilation import Compiled, compiled
from polyflow_services.spec_validator.planning.plan import Plan, planned
from polyflow_services.spec_validator.requests.request import Asked
from polyflow_services.spec_validator.shape.around import CLUSTERS
from polyflow_shared.declared.connections.catalogue import EMPTY, Catalogue
from polyflow_shared.declared.queues import Queues
from polyflow_shared.language import schema
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, problems
from polyflow_shared.language.sources import Fetch
from polyflow_topics.catalog import MAX_PLAN_PART_BYTES
from polyflow_topics.events import Problem, RequestAccepted, RequestRejected
from polyflow_topics.message import Message
from polyflow_topics.names import RunId, run_id
from polyflow_topics.origins import Origin
from polyflow_topics.plan import PlanBegun, PlanEnded, PlanPart


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


@dataclass(frozen=True, slots=True)
class Installation:
    """What there is where requests are answered.

    Attributes:
        clusters: names of the clusters.
        connections: those that operations may use.
        queues: those that operations may name, and limits.
    """

    clusters: frozenset[str] = CLUSTERS
    connections: Catalogue = EMPTY
    queues: Queues = field(default_factory=Queues)


NO_INSTALLATION: Final = Installation()
"""One cluster, and nothing else."""


def answer(
    record: RequestRecord, asked: Asked, *, installation: Installation, fetch: Fetch
) -> Sequence[Message]:
    """Return the plan of a request, in order, or its rejection.

    Args:
        record: the request as it was delivered.
        asked: what was read from its body, which may be any bytes.
        installation: what there is.
        fetch: returns the text of what did not come with the request; may block.
    """
    if asked.specification is None:
        return [_rejected(record, asked, Compiled(), _problems(asked, Compiled()))]
    around = gathering.around(asked, installation.clusters, fetch, installation.connections)
    around = replace(
        around,
        queues=installation.queues,
        of_queues=gathering.of_queues(installation.queues, fetch),
        project=asked.request.project,
    )
    result = compiled(schema.read(asked.specification), around)
    result.findings.extend(_of_a_part(result))
    asked = replace(asked, text=replace(asked.text, others={**around.sources.locates, **around.locates}))
    found = _problems(asked, result)
    if found:
        return [_rejected(record, asked, result, found)]
    plan = planned(result, _drawn_with(record, asked), asked.request.origin)
    found = _problems(asked, result)
    if not found:
        begun = _begun(record, asked, result, plan)
        if len(begun.model_dump_json()) <= MAX_PLAN_PART_BYTES:
            return [begun, *_parts(begun, plan)]
        found = problems(
            [Finding(Code.TOO_BIG, f"params and policies exceed {MAX_PLAN_PART_BYTES // 1024} KiB")]
        )
    return [_rejected(record, asked, result, found)]


def accepted(record: RequestRecord, begun: PlanBegun) -> RequestAccepted:
    """Return what is kept of a request that has become a plan."""
    return RequestAccepted(
        run=begun.run, specification=begun.specification, body=record.value.decode(), at=record.at
    )


def _of_a_part(result: Compiled) -> Iterator[Finding]:
    """Yield why what is only a layer over others is no run by itself."""
    if result.top is not None and result.top.run is None and result.top.operation.is_preset:
        hint = "lay it over a specification with `-f`, or save it and name it with `--presets`"
        yield Finding(Code.NO_DEFINITION, "a preset runs nothing by itself", ("isPreset",), hint, at_key=True)


def _problems(asked: Asked, result: Compiled) -> tuple[Problem, ...]:
    """Return why a request is refused; nothing where it can be run."""
    of_text = [*asked.text_findings, *readable(result.findings, asked.text_findings)]
    found = (
        *asked.body.problems(_refusing([*asked.body_findings, *result.value_findings])),
        *asked.text.problems(_refusing(of_text)),
    )
    # What a check merely notes is a reason here.
    return tuple(problem.model_copy(update={"severity": "error"}) for problem in found)


def _refusing(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.refused_at is not None]


def _begun(record: RequestRecord, asked: Asked, result: Compiled, plan: Plan) -> PlanBegun:
    return PlanBegun(
        run=_run(record, asked),
        specification=_digest(record.value),
        plan=plan.digest,
        name=asked.request.name or result.name,
        project=asked.request.project,
        owner=asked.request.owner,
        tags=_tags(asked, result),
        description=(result.top and result.top.operation.description) or "",
        params=result.values,
        presets=asked.request.presets,
        operations=plan.operations,
        parts=len(plan.parts),
        policies=plan.policies,
        condition=plan.condition,
        asks=plan.asks,
        approval=result.top is not None and result.top.operation.is_approved is False,
        upload=asked.request.upload,
        kind=result.top.kind if result.top is not None else "dag",
        origin=_origin(asked),
        hooks=plan.hooks,
        note=plan.note,
    )


def _origin(asked: Asked) -> Origin | None:
    lineage = asked.request.origin
    return None if lineage is None else lineage.of_run()


def _run(record: RequestRecord, asked: Asked) -> RunId:
    """Return the run that a request makes, or lets go on."""
    origin = asked.request.origin
    return origin.run if origin is not None and origin.kind == "resume" else record.run


def _drawn_with(record: RequestRecord, asked: Asked) -> RunId:
    """Return the run by whose id random searches are drawn: what is kept has to be drawn again."""
    origin = asked.request.origin
    return origin.root if origin is not None and origin.root is not None else _run(record, asked)


def _parts(begun: PlanBegun, plan: Plan) -> Iterator[Message]:
    for number, part in enumerate(plan.parts):
        yield PlanPart(
            run=begun.run,
            plan=begun.plan,
            part=number,
            operations=tuple(part.operations),
            edges=tuple(part.edges),
            scopes=tuple(part.scopes),
            trials=tuple(part.trials),
            hooks=tuple(part.hooks),
        )
    yield PlanEnded(run=begun.run, plan=begun.plan)


def _rejected(
    record: RequestRecord, asked: Asked, result: Compiled, found: tuple[Problem, ...]
) -> RequestRejected:
    return RequestRejected(
        run=_run(record, asked),
        request=record.id,
        project=asked.request.project,
        owner=asked.request.owner,
        name=asked.request.name or result.name,
        tags=_tags(asked, result),
        problems=found,
        specification=_digest(record.value),
        at=record.at,
        origin=_origin(asked),
    )


def _tags(asked: Asked, result: Compiled) -> tuple[str, ...]:
    """Return the specification's own tags and then the request's, each once."""
    own = (result.top and result.top.operation.tags) or ()
    return tuple(dict.fromkeys((*own, *asked.request.tags)))


def _digest(value: bytes) -> str:
    return sha256(value).hexdigest()

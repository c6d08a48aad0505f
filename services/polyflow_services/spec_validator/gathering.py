"""What a request is compiled with: the texts that came with it, and what its references lead to."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from polyflow_services.spec_validator.compilation import preset
from polyflow_services.spec_validator.fields.connections import Granted
from polyflow_services.spec_validator.layers.composed import Layer
from polyflow_services.spec_validator.requests import reading
from polyflow_services.spec_validator.requests.request import Asked
from polyflow_services.spec_validator.shape.around import Around
from polyflow_shared.declared.connections.catalogue import Catalogue
from polyflow_shared.declared.queues import Queues
from polyflow_shared.language import dialects
from polyflow_shared.language.codes import Code
from polyflow_shared.language.document import Document
from polyflow_shared.language.findings import Finding
from polyflow_shared.language.references import Reference, ReferenceKind, file_reference, mentions, resolved
from polyflow_shared.language.schema import Specification
from polyflow_shared.language.sources import NOTHING, Fetch, collect
from polyflow_topics.events import Problem
from polyflow_topics.requests import ReferenceSent, RequestPipeline

Documents = Sequence[tuple[Reference, Document]]


_CATALOGUE: Final = file_reference("queues")
"""Where the names of the presets of queues stand."""


def refers(asked: Asked) -> bool:
    """Tell whether a request has anything to fetch or to lay over its specification."""
    request = asked.request
    return bool(request.overlays or request.presets or next(mentions(asked.specification), None))


def around(asked: Asked, clusters: frozenset[str], fetch: Fetch, connections: Catalogue) -> Around:
    """Return what a request is compiled with; may block.

    Args:
        asked: the request.
        clusters: names of the clusters that there are.
        fetch: returns the text of what did not come with the request.
        connections: those of the installation.
    """
    request = asked.request
    owner = file_reference(request.file)
    overlays = _overlays(request)
    documents = [(owner, Document(asked.specification)), *overlays]
    sources = collect(documents, _sent_first(request.references, fetch)) if refers(asked) else NOTHING
    granted = Granted(connections, request.project, request.owner)
    asked_with = Around(
        params=request.params,
        clusters=clusters,
        sources=sources,
        owner=owner,
        connections=granted,
        verbatim=request.verbatim,
    )
    return laid_over(asked_with, overlays)


def of_queues(queues: Queues, fetch: Fetch) -> Mapping[str, Layer | Finding]:
    """Return the presets of queues by their names, or why they cannot be used, without a path; may block.

    Args:
        queues: those of the installation.
        fetch: returns the text of a preset.
    """
    return {name: _of_queue(name, fetch) for name in sorted(queues.presets)}


def _of_queue(name: str, fetch: Fetch) -> Layer | Finding:
    place = resolved(ReferenceKind.PRESET, name, _CATALOGUE)
    if isinstance(place, Finding):
        return place
    text = fetch(place)
    if isinstance(text, Finding):
        return text
    layer, read = preset(dialects.read(text), place)
    found = next((one for one in read.findings if one.refused_at is not None), None)
    if layer is None or found is not None:
        message = found.message if found is not None else "it says nothing"
        return Finding(Code.REFERENCE, f"the preset `{name}` of the queue cannot be used: {message}")
    return layer


def laid_over(around: Around, overlays: Documents) -> Around:
    """Return what a specification is compiled with, and documents as layers over it."""
    layers: list[Layer] = []
    findings: list[Finding] = []
    read: dict[str, Specification] = {}
    for place, document in overlays:
        layer, read[place.source] = preset(document, place)
        layers += [layer] if layer is not None else []
        findings += read[place.source].findings
    return replace(
        around,
        presets=layers,
        findings=findings,
        locates={place.source: document.locate for place, document in overlays},
        laid_over=read,
    )


def _overlays(request: RequestPipeline) -> list[tuple[Reference, Document]]:
    read = [(file_reference(one.name), reading.read_overlay(one)) for one in request.overlays]
    if request.presets:
        named = Document({"isPreset": True, "presets": list(request.presets)})
        read.append((file_reference("presets of the request"), named))
    return read


def _sent_first(sent: Sequence[ReferenceSent], fetch: Fetch) -> Fetch:
    """Return what looks among the texts that came with a request first."""
    known = {one.name: one for one in sent}

    def read(reference: Reference) -> str | Finding:
        one = known.get(reference.key)
        if one is None:
            return fetch(reference)
        return one.text if one.problem is None else _told(one.problem)

    return read


def _told(problem: Problem) -> Finding:
    """Return what the sender of a request says of something that it could not read."""
    known = problem.code in Code.__members__.values()
    code = Code(problem.code) if known else Code.REFERENCE_MISSING
    return Finding(code, problem.message, hint=problem.hint)

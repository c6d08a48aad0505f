"""A request's body: who asks, with which params, and the specification in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import JsonValue, ValidationError
from pydantic_core import ErrorDetails

from polyflow_services.spec_validator.requests import reading
from polyflow_shared.language import document
from polyflow_shared.language.codes import Code
from polyflow_shared.language.document import Document
from polyflow_shared.language.fields.wording import hint, should_be
from polyflow_shared.language.findings import (
    Finding,
    Locate,
    Path,
    Spelling,
    nowhere,
    problems,
    unspelled,
)
from polyflow_topics.catalog import MAX_REQUEST_BYTES
from polyflow_topics.events import IN_REQUEST, Problem
from polyflow_topics.requests import RequestPipeline


@dataclass(frozen=True, slots=True)
class Text:
    """Where a specification stands: what to call it and how to find positions in it."""

    locate: Locate = nowhere
    root: Path = ()
    file: str | None = None
    others: Mapping[str, Locate] = field(default_factory=dict)
    """How to find positions in the documents that it refers to, by their names."""
    spelling: Spelling = unspelled

    def problems(self, findings: Sequence[Finding]) -> tuple[Problem, ...]:
        """Return findings with their positions."""
        return problems(
            findings,
            locate=self.locate,
            root=self.root,
            file=self.file,
            others=self.others,
            spelling=self.spelling,
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """What a body asks for, as far as it could be read.

    Attributes:
        request: its fields; the specification among them is not used.
        specification: the specification's value; None where it could not be read.
        body: where the fields stand.
        text: where the specification stands.
        body_findings: what is wrong with the body.
        text_findings: what is wrong with the specification's text.
    """

    request: RequestPipeline
    specification: JsonValue = None
    body: Text = field(default_factory=Text)
    text: Text = field(default_factory=Text)
    body_findings: Sequence[Finding] = ()
    text_findings: Sequence[Finding] = ()


_NOTHING: Final = RequestPipeline(specification=None)


def read(value: bytes) -> Asked:
    """Return what a request's body asks for; whatever the bytes are, this returns."""
    if len(value) > MAX_REQUEST_BYTES:
        message = f"the request has {len(value):,} bytes; at most {MAX_REQUEST_BYTES:,} are allowed"
        return Asked(_NOTHING, body_findings=[Finding(Code.TOO_LARGE, message)])
    body = document.read(value)
    if not isinstance(body.value, dict):
        findings = body.findings or [Finding(Code.NOT_A_MAP, "a request is a map of fields", position=(1, 1))]
        return Asked(_NOTHING, body=Text(body.locate), body_findings=findings)
    return _asked(body, body.value)


def _asked(body: Document, fields: Mapping[str, JsonValue]) -> Asked:
    request, findings = _request(fields)
    findings = [*body.findings, *findings]
    where = Text(body.locate, file=IN_REQUEST, spelling=body.spelling)
    specification = fields.get("specification")
    if specification is None:
        message = "field `specification` is required"
        findings.append(Finding(Code.MISSING_FIELD, message, ("specification",)))
        return Asked(request, body=where, body_findings=findings)
    if isinstance(specification, str):
        inner = reading.read(specification)
        file = request.file or None
        return Asked(request, inner.value, where, Text(inner.locate, file=file), findings, inner.findings)
    root: Path = ("specification",)
    inner = reading.read_value(specification, locate=body.locate, root=root)
    text = Text(lambda path, at_key: inner.locate(path[1:], at_key), root, IN_REQUEST)
    return Asked(request, inner.value, where, text, findings, inner.findings)


def _request(fields: Mapping[str, JsonValue]) -> tuple[RequestPipeline, list[Finding]]:
    """Return the fields that are right, and what is wrong with the others."""
    known: dict[str, Any] = {
        name: value for name, value in fields.items() if name in RequestPipeline.model_fields
    }
    known["specification"] = None
    try:
        return RequestPipeline.model_validate(known), []
    except ValidationError as error:
        wrong = error.errors(include_url=False)
    findings = [_of_field(details) for details in wrong]
    for details in wrong:
        known.pop(str(details["loc"][0]), None)
    return RequestPipeline.model_validate(known), findings


def _of_field(wrong: ErrorDetails) -> Finding:
    """Return what is wrong with a field in the words that are used of those of a specification."""
    path, kind = wrong["loc"], wrong["type"]
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    if kind == "missing":
        return Finding(Code.MISSING_FIELD, f"field `{name}` is required", path)
    return Finding(Code.WRONG_TYPE, f"`{name}`: {should_be([wrong])}", path, hint(wrong))

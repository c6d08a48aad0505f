"""Kubernetes' objects as types of fields in models."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding
from polyflow_shared.language.kubernetes.check import check

KUBERNETES: Final = "kubernetes"
"""The type of these errors; each has its finding in the context, with the path below the object."""


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """Says that a field is an object of Kubernetes: `Annotated[dict[str, Any], Kubernetes("V1Volume")]`.

    The field's value is a plain map with keys in camelCase.  Everything that is wrong with it is raised at
    once, each problem where it is.

    Attributes:
        kind: which object.
        optional: keys that Kubernetes requires and that may be missing here.
        other: a kind whose fields are often written here as well, and do nothing.
    """

    kind: str
    optional: frozenset[str] = frozenset()
    other: str = ""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        from polyflow_shared.language.json_schema.kubernetes import model_of  # noqa: PLC0415 - for editors only

        model = model_of(self.kind, self.optional, self.other).__pydantic_core_schema__
        return handler(core_schema.definitions_schema(model, []))  # so that it is a definition, not inlined

    def _read(self, value: object) -> Any:
        checked = check(self.kind, value, optional=self.optional, other=self.other)
        if checked.findings:
            raise ValidationError.from_exception_data(self.kind, list(_errors(checked.findings, value)))
        return checked.value


def _errors(findings: list[Finding], value: object) -> Iterator[InitErrorDetails]:
    """Yield an error for each finding, at what has to go so that the rest is right."""
    for finding in findings:
        loc = finding.path[:-1] if finding.code is Code.MISSING_FIELD else finding.path
        error = PydanticCustomError(KUBERNETES, "{message}", {"message": finding.message, "finding": finding})
        yield InitErrorDetails(type=error, loc=loc, input=value)

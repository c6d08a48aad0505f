"""Declared inputs and outputs, and literals that are given for them."""

from collections.abc import Iterator

from pydantic import JsonValue

from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import V1IO
from polyflow_shared.language.templates import Scope, check, is_templated
from polyflow_shared.language.values import TypeNameError, ValueTypeError, coerce


def contradictions(io: V1IO, path: Path) -> Iterator[Finding]:
    """Yield what is wrong with a declaration in itself."""
    if io.is_flag and io.type != "bool":
        message = f"`{io.name}`: only a `bool` can be a flag"
        yield Finding(Code.NOT_ALLOWED, message, (*path, "isFlag"), "write `type: bool`")
    if io.is_optional is False and io.has_default:
        message = f"`{io.name}` has a default, so it is optional"
        yield Finding(Code.NOT_ALLOWED, message, (*path, "isOptional"), "remove `isOptional: false`")
    if io.arg_format is not None:
        scope = Scope(frozenset({io.name, "name", "value"}))
        for finding in check(io.arg_format, scope):
            yield Finding(finding.code, finding.message, (*path, "argFormat"), finding.hint)


def literal(name: str, kind: str | None, value: JsonValue, path: Path, findings: list[Finding]) -> JsonValue:
    """Return a literal as its type wants it; note where it does not fit."""
    if has_template(value):
        message = f"`{name}`: templates in values are not supported yet"
        findings.append(Finding(Code.NOT_YET, message, path, "read it with `ref`"))
        return None
    try:
        return coerce(kind, value)
    except (ValueTypeError, TypeNameError) as error:
        findings.append(Finding(Code.WRONG_VALUE, f"`{name}`: {error}", path))
        return None


def has_template(value: JsonValue) -> bool:
    """Tell whether a value has a template anywhere in it."""
    if isinstance(value, str):
        return is_templated(value)
    if isinstance(value, dict):
        return any(map(has_template, value.values()))
    return isinstance(value, list) and any(map(has_template, value))

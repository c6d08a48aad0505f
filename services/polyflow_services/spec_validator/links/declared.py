"""Declared inputs and outputs, and literals that are given for them."""

from collections.abc import Iterator

from pydantic import JsonValue

from polyflow_services.spec_validator.layers.composed import Composed
from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.expressions.templates import Scope, check
from polyflow_shared.language.findings import Finding, Nearest, Path
from polyflow_shared.language.models import V1IO, V1Cache, has_template, known
from polyflow_shared.language.text.spelling import given_as_text
from polyflow_shared.language.values.typed import TypeNameError, ValueTypeError, coerce, parsed_type
from polyflow_shared.language.values.validation import broken

Entry = tuple[V1IO, Path] | None
"""A declared input or output, and where it stands."""


def contradictions(io: V1IO, path: Path) -> Iterator[Finding]:
    """Yield what is wrong with a declaration in itself."""
    if io.type is not None and not io.has_default:
        yield from _unknown_type(io.type, (*path, "type"))
    if io.arg_format is not None:
        scope = Scope(frozenset({io.name, "name", "value"}))
        for finding in check(io.arg_format, scope):
            yield Finding(finding.code, finding.message, (*path, "argFormat"), finding.hint)


def own_io(composed: Composed) -> list[str] | None:
    """Return the names in the operation's own `cache.io`, of all its layers; None where it has none."""
    caches = [layer.operation.cache for layer in composed.layers if not layer.operation.is_preset]
    found = [known(cache.io) for cache in caches if isinstance(cache, V1Cache)]
    listed = [names for names in found if names is not None]
    return [name for names in listed for name in names] if listed else None


def cached_names(composed: Composed) -> Iterator[Finding]:
    """Yield names in the operation's own `cache.io` that it does not have.

    Nothing would be left that tells operations of different inputs apart.  What a DAG hands down, or a preset
    says, is for operations of many names.
    """
    given = {name for join in known(composed.operation.joins) or () for name in known(join.params) or ()}
    names = [*composed.inputs, *composed.outputs, *composed.params, *given]
    for name in own_io(composed) or ():
        if name not in names:
            message = f"`{name}` in `cache.io` is neither an input nor an output of the operation"
            yield Finding(Code.UNKNOWN_ENTRY, message, composed.place("cache"), Nearest(name, names))


def delayed(io: V1IO) -> bool:
    """Tell whether a value is looked at only when it is used, and may be missing until then."""
    return bool(io.delay_validation) or (io.validation is not None and bool(io.validation.delay))


def _unknown_type(name: str, path: Path) -> Iterator[Finding]:
    try:
        parsed_type(name)
    except TypeNameError as error:  # nothing is read by it yet, so it may still be run without a value
        yield Finding(Code.UNKNOWN_TYPE, str(error), path, stage=Stage.RUN_READY)


def literal(
    name: str,
    value: JsonValue,
    *,
    kind: str | None,
    path: Path,
    findings: list[Finding],
    entry: Entry = None,
) -> JsonValue:
    """Return a literal as its type wants it; note where it does not fit, or breaks a rule of what it is for.

    Args:
        name: what is given a value.
        value: the literal.
        kind: the type of what is given it.
        path: where that stands.
        findings: where to note what is wrong.
        entry: the declaration, and where it stands.
    """
    io, declared = entry or (None, path)
    if has_template(value):
        message = f"`{name}`: templates in values are not supported yet"
        findings.append(Finding(Code.NOT_YET, message, path, "read it with `ref`"))
        return None
    try:
        fitting = coerce(kind, value)
    except TypeNameError as error:  # of the declaration this was said as well, and there it may still run
        findings.append(Finding(Code.UNKNOWN_TYPE, str(error), (*declared, "type"), stage=Stage.COMPILE))
        return None
    except ValueTypeError as error:
        findings.append(Finding(Code.WRONG_VALUE, f"`{name}`: {error}", path))
        return None
    rules = io.rules if io is not None and (io.validation or io.options is not None) else {}
    findings.extend(
        Finding(Code.WRONG_VALUE, f"`{name}`: {problem}", path) for problem in broken(rules, fitting)
    )
    if isinstance(fitting, str) and isinstance(value, int | float):
        findings.append(given_as_text(f"`{name}`", value, fitting, path))
    return fitting

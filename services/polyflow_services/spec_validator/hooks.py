"""Hooks: compiled with the specification, as specifications of their own, so that a mistake has its line."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from polyflow_services.spec_validator.fields.connections import Granted
from polyflow_services.spec_validator.layers.composed import Composed
from polyflow_services.spec_validator.notifying import notifications
from polyflow_shared.language import schema
from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.document import Document
from polyflow_shared.language.expressions import conditions
from polyflow_shared.language.expressions.templates import Scope
from polyflow_shared.language.findings import Finding, Nearest, Path, Source
from polyflow_shared.language.models import V1Hook, known
from polyflow_shared.language.references import Reference, ReferenceKind
from polyflow_shared.language.schema import Specification
from polyflow_shared.language.sources import Sources, collect
from polyflow_topics.hooks import DEFAULTS, PlannedHook
from polyflow_topics.requests import ReferenceSent
from polyflow_topics.status import Status

Compile = Callable[[Specification, Reference], tuple[Composed | None, Sequence[Finding]]]
"""Compiles a specification that stands in a document; returns its top, and all that is wrong with it."""
_OF_HOOK: Final = frozenset({"hubRef", "presets", "queue", "namespace"})
_KNOWN: Final = {name: {"value": None, "contextOnly": True} for name in DEFAULTS}


@dataclass(frozen=True, slots=True)
class Hooks:
    """The hooks of an operation, or of the whole specification."""

    owner: int | None
    """The operation's number in the specification; None for the run."""
    planned: Sequence[PlannedHook]


@dataclass(frozen=True, slots=True)
class Means:
    """What hooks are compiled with.

    Attributes:
        sources: what references lead to.
        connections: those that may be used; None where they are not known.
        compile_: compiles what a hook runs.
        dag: what params may read from: the DAG of the owner, or the owner where it is a DAG; None: neither.
        operations: names that `ref: ops.NAME` may have: those of operations in it.
    """

    sources: Sources
    connections: Granted | None
    compile_: Compile
    dag: Composed | None = None
    operations: Collection[str] = ()


def compiled_hooks(composed: Composed, owner: int | None, means: Means) -> tuple[Hooks | None, list[Finding]]:
    """Return the hooks of an operation, its notifications among them, and what is wrong with them.

    Args:
        composed: the operation.
        owner: its number; None for the specification itself.
        means: what they are compiled with.
    """
    found: list[Finding] = []
    planned: list[PlannedHook] = []
    for place, hook in enumerate(known(composed.operation.hooks) or ()):
        path = (*composed.place("hooks"), place)
        found += _checked(hook, path, composed)
        found += _refs(hook, path, means)
        found += _compiled(hook, path, _owner(composed), means)
        planned.append(_planned(hook, len(planned), composed, _owner(composed), means))
    for one in notifications(composed, means.connections):
        if isinstance(one, Finding):
            found.append(one)
            continue
        path, hook = one
        document = _mentioning(composed, hook.hub_ref, means.sources)
        found += _compiled(hook, path, document, means)
        planned.append(_planned(hook, len(planned), composed, document, means))
    return (Hooks(owner, planned) if planned else None), found


def _planned(hook: V1Hook, place: int, composed: Composed, document: Reference, means: Means) -> PlannedHook:
    specification = _specification(hook)
    return PlannedHook(
        place=place,
        trigger=None if hook.trigger in (None, "done") else Status(str(hook.trigger)),
        condition=conditions.template(hook.conditions) if hook.conditions else "",
        specification=specification,
        references=tuple(_references(specification, document, means.sources)),
        defaults=hook.disable_defaults is not True,
        kind=composed.kind,
    )


def _compiled(hook: V1Hook, path: Path, document: Reference, means: Means) -> Iterator[Finding]:
    """Yield what is wrong with what a hook runs."""
    specification = _specification(hook)
    given = {name: _readable(param) for name, param in specification.get("params", {}).items()}
    checked = {**specification, "params": {**_KNOWN, **given}}
    top, findings = means.compile_(schema.read(checked), document)
    yield from (_of_hook(one, path) for one in findings)
    if hook.disable_defaults is True:
        _, without = means.compile_(schema.read({**specification, "params": given}), document)
        yield from _missed(hook, path, [one for one in without if one not in findings])
    if top is not None and top.operation.hooks:
        message = f"the component `{hook.hub_ref}` has hooks of its own, which would follow each other"
        yield Finding(Code.NOT_YET, message, (*path, "hubRef"))


def _of_hook(found: Finding, path: Path) -> Finding:
    """Return a finding about what a hook runs, at its place in the specification.

    Which hubs there are an installation knows, and nothing else in the specification hangs on that component.
    """
    is_component = found.code is Code.REFERENCE_MISSING and found.path[:1] == ("hubRef",)
    stage = Stage.INSTALLATION if is_component else found.stage
    return replace(found, path=_placed(found.path, path), stage=stage)


def _missed(hook: V1Hook, path: Path, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield what is only wrong because a hook goes without what is known of the end."""
    hint = "remove `disableDefaults`, or use a component that does without"
    for one in findings:
        message = f"`disableDefaults` leaves out what `{hook.hub_ref}` needs: {one.message}"
        yield replace(one, message=message, path=(*path, "disableDefaults"), hint=hint, at_key=True)


def _owner(composed: Composed) -> Reference:
    hooks = composed.operation.hooks
    owners = (layer.owner for layer in composed.layers if layer.operation.hooks is hooks)
    return next(owners, composed.layers[0].owner)


def _mentioning(composed: Composed, component: str, sources: Sources) -> Reference:
    """Return the document with the notifications: the one for which their notifiers were collected."""
    owners = [layer.owner for layer in composed.layers]
    read = (one for one in owners if not isinstance(sources.get(one, ReferenceKind.HUB, component), Finding))
    return next(read, owners[0])


def _specification(hook: V1Hook) -> dict[str, Any]:
    """Return what a hook runs as a specification."""
    said = hook.model_dump(mode="json", by_alias=True, exclude_unset=True)
    made = {name: value for name, value in said.items() if name in _OF_HOOK and value is not None}
    if hook.connection is not None:
        made["connections"] = [hook.connection]
    if said.get("params"):
        made["params"] = said["params"]
    return made


def _checked(hook: V1Hook, path: Path, composed: Composed) -> Iterator[Finding]:
    if hook.conditions:
        names = Scope(frozenset((*DEFAULTS, *composed.names)))
        for one in conditions.check(hook.conditions, names):
            yield replace(one, path=(*path, "conditions"))


def _refs(hook: V1Hook, path: Path, means: Means) -> Iterator[Finding]:
    for name, param in (hook.params or {}).items() if isinstance(hook.params, dict) else ():
        ref, place = param.ref or "", (*path, "params", name)
        wanted = ref.removeprefix("ops.")
        if ref == "dag":
            yield from _of_dag(str(param.value), place, means)
        elif ref.startswith("ops.") and wanted not in means.operations:
            message = f"there is no operation `{wanted}` that this hook can read from"
            near = Nearest(wanted, [*means.operations])
            yield Finding(Code.UNKNOWN_UPSTREAM, message, (*place, "ref"), near)


def _of_dag(value: str, place: Path, means: Means) -> Iterator[Finding]:
    """Yield why a hook cannot read this of the DAG."""
    group, _, name = value.strip("{} ").partition(".")
    if means.dag is None:
        message = "there is no DAG that this hook can read from"
        hint = "what is known of the end are names in templates: `inputs`, `outputs`, `status` …"
        yield Finding(Code.WRONG_REF, message, (*place, "ref"), hint)
    elif group in ("outputs", "io", "artifacts"):
        message = f"a DAG has no `{group}`"
        hint = "write `inputs.NAME` or `globals.NAME`, or read from an operation: `ref: ops.NAME`"
        yield Finding(Code.WRONG_REF, message, (*place, "value"), hint)
    elif group == "inputs" and name and name not in means.dag.names:
        message = f"the DAG has no input `{name}`"
        yield Finding(Code.UNKNOWN_ENTRY, message, (*place, "value"), Nearest(name, means.dag.names))


def _readable(param: Any) -> Any:
    """Return a param as it will be when what it reads has an id: nothing is beside the run of a hook."""
    ref = str(param.get("ref") or "") if isinstance(param, dict) else ""
    return {**param, "ref": f"runs.{UUID(int=0)}"} if ref.startswith("ops.") or ref == "dag" else param


def _placed(below: Path, path: Path) -> Path:
    """Return where something stands that was found in a hook's own specification."""
    if below and isinstance(below[0], Source):
        return below
    if below[:1] == ("connections",):
        return (*path, "connection")
    if below[:1] == ("params",) and len(below) > 1 and below[1] in DEFAULTS:
        return (*path, "hubRef")
    return (*path, *below)


def _references(specification: dict[str, Any], owner: Reference, sources: Sources) -> Iterator[ReferenceSent]:
    """Yield the texts that a hook refers to: what runs is what was checked."""
    texts = {one.reference: one.text for one in sources.fetched}

    def read(reference: Reference) -> str | Finding:
        text = texts.get(reference)
        return Finding(Code.REFERENCE_MISSING, f"{reference} was not collected") if text is None else text

    for one in collect([(owner, Document(specification))], read).fetched:
        yield ReferenceSent(name=one.reference.key, text=one.text)


def numbered(hooks: Iterable[Hooks], owner: int | None, index: int) -> Iterator[PlannedHook]:
    """Yield the hooks of an operation with its number in the plan."""
    for group in hooks:
        if group.owner == owner:
            for hook in group.planned:
                yield hook.model_copy(update={"owner": index})

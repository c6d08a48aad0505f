"""What the plan says of each operation: its specification, with the values of the trial that it is in."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
from pydantic import JsonValue

from polyflow_services.spec_validator.fields.asking import found_of, placed, questions_of, read_by_others
from polyflow_services.spec_validator.fields.connections import Granted
from polyflow_services.spec_validator.fields.queueing import in_queue
from polyflow_services.spec_validator.fields.retrying import backoff, failure_rules
from polyflow_services.spec_validator.layers.composed import Composed
from polyflow_services.spec_validator.links.refs import Bindings, Bound
from polyflow_services.spec_validator.names.artifacts import read_in
from polyflow_services.spec_validator.names.copying import copies_of
from polyflow_services.spec_validator.planning.caching import planned_cache
from polyflow_services.spec_validator.planning.containers import planned_container
from polyflow_services.spec_validator.planning.pods import has_templates, planned_parts
from polyflow_services.spec_validator.shape.builds import image
from polyflow_services.spec_validator.shape.drawing import Drawn, Fitting
from polyflow_services.spec_validator.shape.expand import Declared, Expansion
from polyflow_services.spec_validator.shape.layout import Surroundings, Unit
from polyflow_shared.declared.connections.pods import connected
from polyflow_shared.language.expressions import conditions
from polyflow_shared.language.expressions.templates import is_templated
from polyflow_shared.language.models import V1Dag, known
from polyflow_shared.language.models.pods import PodFields
from polyflow_topics.admission import DEFAULT
from polyflow_topics.message import Values
from polyflow_topics.names import OperationName
from polyflow_topics.plan import (
    NOT_OF_TRIALS,
    TRIALS_PER_BLOCK,
    Awaited,
    Container,
    PlannedCondition,
    PlannedMatrix,
    PlannedOperation,
    PlannedParam,
    PlannedTrials,
)
from polyflow_topics.pods import PodParts
from polyflow_topics.queries import Question
from polyflow_topics.status import Trigger

BLOCK_BYTES: Final = 64 * 1024
"""Bytes of the values in one block of trials, but for a trial that is larger by itself."""


class Operations:
    """Plans operations; what the copies of one have in common is worked out once."""

    def __init__(
        self,
        expansion: Expansion,
        bindings: Mapping[int, Bindings],
        trials: Mapping[int, Drawn],
        fitting: Fitting,
    ) -> None:
        """Know the specification.

        Args:
            expansion: its operations.
            bindings: what names stand for, by operation.
            trials: those of each matrix, by its number.
            fitting: makes their values fit.
        """
        self._expansion = expansion
        self._bindings = bindings
        self._trials = trials
        self._fitting = fitting
        self._read = read_by_others(bindings)
        self._artifacts = read_in(expansion, bindings)
        self._known: dict[int, tuple[PlannedOperation, Params]] = {}

    def planned(self, unit: Unit) -> PlannedOperation:
        """Return what the plan says of an operation, without what its queue adds to its pod."""
        if unit.declared.index not in self._known:
            operation = _operation(self._expansion, unit.declared, self._bindings)
            params = Params(self._bindings.get(unit.declared.index, {}))
            about: dict[str, object] = {
                "questions": params.questions,
                "read": unit.declared.index in self._read,
            }
            if unit.declared.index in self._artifacts:
                about["cache"] = None  # it keeps outputs, and no artifacts
            self._known[unit.declared.index] = operation.model_copy(update=about), params
        operation, params = self._known[unit.declared.index]
        # Of a matrix the values of its own trials are left out: it has none.
        left_out = unit.declared.index if unit.trials is not None else None
        changed: dict[str, object] = {
            "index": unit.index,
            "name": OperationName(unit.name),
            "scope": unit.scope,
            "opens": unit.opens,
            "params": tuple(self._fixed(params, unit.around, left_out)),
            "condition": self._condition(unit, operation.condition),
            "questions": placed(operation.questions, unit.name, trial=unit.trial),
            **_place(unit),
        }
        if unit.trials is not None:
            changed["matrix"] = self._matrix(unit, unit.trials, params)
        elif unit.trial:
            changed |= NOT_OF_TRIALS
        return operation.model_copy(update=changed)

    def trials(self, unit: Unit) -> Iterator[PlannedTrials]:
        """Yield the trials of a matrix that are no DAGs."""
        drawn, params = unit.trials, Params(self._bindings.get(unit.declared.index, {}))
        if drawn is None or unit.declared.opens is not None:
            return
        own = [bound for bound, _ in params.varied(unit.declared.index)]
        every = (tuple(self._value(drawn, trial, bound) for bound in own) for trial in drawn.trials)
        start = 0
        for values in _blocks(every):
            yield PlannedTrials(owner=unit.index, first=unit.index + 1 + start, trial=start, values=values)
            start += len(values)

    def _matrix(self, unit: Unit, drawn: Drawn, params: "Params") -> PlannedMatrix:
        varied = tuple(param for _, param in params.varied(unit.declared.index))
        return PlannedMatrix(kind=drawn.matrix.kind, trials=len(drawn.trials), seed=drawn.seed, varied=varied)

    def _condition(self, unit: Unit, condition: PlannedCondition | None) -> PlannedCondition | None:
        waited_for = unit.declared.builds
        if condition is None or condition.params is None or waited_for is None:
            return condition
        params = Params(self._bindings.get(waited_for, {}))
        return PlannedCondition(
            text=condition.text, params=tuple(self._fixed(params, unit.around, waited_for))
        )

    def _fixed(self, params: "Params", around: Surroundings, left_out: int | None) -> Iterator[PlannedParam]:
        """Yield the params of a copy: values of its trial, and outputs by their numbers in the plan."""
        for bound, param in params.all:
            if bound.varied is not None:
                if bound.varied.matrix != left_out:
                    trial = around.of(bound.varied.matrix)
                    value = self._value(self._trials[bound.varied.matrix], trial, bound)
                    yield param.model_copy(update={"value": value})
            elif param.source is not None:
                number = around.number(param.source.operation)
                yield param.model_copy(
                    update={"source": param.source.model_copy(update={"operation": number})}
                )
            else:
                yield param

    def _value(self, drawn: Drawn, trial: Mapping[str, JsonValue], bound: Bound) -> JsonValue:
        name = bound.varied.name if bound.varied is not None else ""
        return self._fitting.value(drawn, trial, bound, name)


def _place(unit: Unit) -> Mapping[str, object]:
    """Return what the plan says of an operation's place that the specification says with other numbers."""
    declared, number = unit.declared, unit.around.number
    return {
        "awaits": tuple(
            Awaited(operation=number(one), events=events) for one, events in declared.events.items()
        ),
        "builds": None if declared.builds is None else number(declared.builds),
    }


TrialValues = tuple[JsonValue, ...]


def _blocks(trials: Iterator[TrialValues]) -> Iterator[tuple[TrialValues, ...]]:
    """Yield trials in blocks that are not too many and not too large."""
    block, size = list[TrialValues](), 0
    for values in trials:
        own = len(msgspec.json.encode(values))
        if block and (len(block) == TRIALS_PER_BLOCK or size + own > BLOCK_BYTES):
            yield tuple(block)
            block, size = [], 0
        block.append(values)
        size += own
    if block:
        yield tuple(block)


class Params:
    """The params of an operation, each with what its name stands for."""

    def __init__(self, bindings: Bindings) -> None:
        """Take over what names stand for."""
        self.questions = questions_of(bindings)
        self.all: Sequence[tuple[Bound, PlannedParam]] = [
            (bound, _param(name, bound, self.questions))
            for name, bound in bindings.items()
            if not bound.broken
        ]

    def varied(self, matrix: int) -> Iterator[tuple[Bound, PlannedParam]]:
        """Yield those that each trial of a matrix has its own value for."""
        for bound, param in self.all:
            if bound.varied is not None and bound.varied.matrix == matrix:
                yield bound, param


def condition(text: str, bindings: Bindings) -> PlannedCondition:
    """Return a condition over names that stand for what these bindings say; values of trials are none."""
    params = tuple(param for bound, param in Params(bindings).all if bound.varied is None)
    return PlannedCondition(text=conditions.template(text), params=params)


def _waiting(expansion: Expansion, declared: Declared) -> Declared:
    """Return whose graph fields hold for an operation: a builder waits in the place of what it builds."""
    return declared if declared.builds is None else expansion.operations[declared.builds]


def _trigger(expansion: Expansion, declared: Declared) -> Trigger:
    """Return what an operation waits for of its upstreams; one with a builder waits for that alone."""
    if declared.build is not None:
        return Trigger.ALL_SUCCEEDED
    return known(_waiting(expansion, declared).layer.operation.trigger) or Trigger.ALL_SUCCEEDED


def _skips(expansion: Expansion, declared: Declared) -> bool:
    if declared.build is not None:
        return True
    return bool(_waiting(expansion, declared).layer.operation.skip_on_upstream_skip)


def _condition(
    expansion: Expansion, declared: Declared, bindings: Mapping[int, Bindings]
) -> PlannedCondition | None:
    """Return an operation's condition; its builder's, where it has one, and at the top the run's."""
    waiting = _waiting(expansion, declared)
    text = waiting.composed.operation.conditions
    if not text or declared.build is not None or waiting.layer.path == ():
        return None
    if waiting is declared:
        return PlannedCondition(text=conditions.template(text))
    return condition(text, bindings.get(waiting.index, {}))


def _pod(
    declared: Declared, built: str | None, connections: Granted | None, bindings: Bindings
) -> tuple[Container | None, PodParts | None]:
    """Return the container of an operation and the rest of its pod."""
    run, container = declared.composed.run, planned_container(declared.composed, built)
    if container is None or not isinstance(run, PodFields):
        return None, None
    copies = copies_of(bindings, container.image)
    parts = planned_parts(declared.composed, copies)
    return connected(container, parts, connections.of(run) if connections else ())


def _operation(
    expansion: Expansion, declared: Declared, all_bindings: Mapping[int, Bindings]
) -> PlannedOperation:
    """Return what all copies of an operation have in common."""
    operation = PlannedOperation(
        index=declared.index,
        name=OperationName(declared.name),
        scope=declared.scope,
        opens=declared.opens,
        upstreams=len(declared.ends) + len(declared.events),
        trigger=_trigger(expansion, declared),
        skips=_skips(expansion, declared),
        condition=_condition(expansion, declared, all_bindings),
        cluster=declared.cluster,
        outputs=dict(_defaults(declared, all_bindings.get(declared.index, {}))),
        queue=_queue(expansion, declared),
        approval=declared.layer.path != () and declared.composed.operation.is_approved is False,
    )
    tried = {} if isinstance(declared.composed.run, V1Dag) else _tried(declared.composed)
    return operation.model_copy(update={**_executed(expansion, declared, all_bindings), **tried})


def _executed(
    expansion: Expansion, declared: Declared, all_bindings: Mapping[int, Bindings]
) -> Mapping[str, object]:
    """Return what the plan says of an operation's pod, and of the cache that may do without one."""
    built, connections = image(declared.build, all_bindings), expansion.around.connections
    container, parts = _pod(declared, built, connections, all_bindings.get(declared.index, {}))
    templated = has_templates(in_queue(parts, declared.queue)) or any(map(is_templated, _texts(container)))
    return {
        "container": container,
        "parts": parts,
        "templated": templated,
        "connections": _fields(expansion, declared) if templated else {},
        "cache": planned_cache(expansion, declared, container),
    }


def _tried(composed: Composed) -> Mapping[str, object]:
    """Return what the plan says of an operation's attempts."""
    return {
        "max_retries": composed.max_retries or 0,
        "backoff": backoff(composed),
        "failure_rules": failure_rules(composed),
        "timeout": composed.timeout,
    }


def _defaults(declared: Declared, bindings: Bindings) -> Iterator[tuple[str, JsonValue]]:
    """Yield the outputs that have a value before anything runs."""
    for name in declared.composed.outputs:
        bound = bindings.get(name)
        if bound is not None and bound.source is None and bound.varied is None:
            yield name, bound.value


def _queue(expansion: Expansion, declared: Declared) -> str | None:
    """Return under whose limits an operation runs; None where there are none for it."""
    if not isinstance(declared.composed.run, PodFields) or not expansion.around.queues.limited(
        declared.queue
    ):
        return None
    return declared.queue.name if declared.queue else DEFAULT


def _fields(expansion: Expansion, declared: Declared) -> Values:
    """Return what the templates of an operation may name of its connections."""
    run, granted = declared.composed.run, expansion.around.connections
    return {**granted.fields(run)} if granted and isinstance(run, PodFields) else {}


def _texts(container: Container | None) -> Iterator[str]:
    if container is None:
        return
    yield container.image or ""
    yield container.working_dir or ""
    yield from (source.name for source in container.env_from)
    yield from container.command
    yield from container.args
    yield from container.env.values()


def _param(name: str, bound: Bound, questions: Sequence[Question]) -> PlannedParam:
    io, param = bound.io, bound.param
    from_elsewhere = bound.source is not None or bound.asked
    return PlannedParam(
        name=name,
        value=bound.value,
        source=bound.source,
        kind=bound.kind,
        required=bound.required,
        env=(param.to_env if param else None) or (io.to_env if io else None),
        flag=bool(io and io.is_flag),
        arg_format=io.arg_format if io else None,
        rules=io.rules if io and from_elsewhere and (io.validation or io.options is not None) else {},
        found=found_of(bound, questions),
    )

"""A specification's operations, numbered over all its DAGs, with their edges: the shape of the plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from polyflow_services.spec_validator.fields import counting
from polyflow_services.spec_validator.fields.awaiting import of_a_run, upstreams_of
from polyflow_services.spec_validator.fields.connections import templates
from polyflow_services.spec_validator.fields.processes import not_a_process
from polyflow_services.spec_validator.fields.queueing import LOCAL, Placed, placed
from polyflow_services.spec_validator.fields.searching import matrix_findings
from polyflow_services.spec_validator.fields.serving import namespace_findings
from polyflow_services.spec_validator.fields.supported import unsupported, unsupported_run
from polyflow_services.spec_validator.layers.compose import Composer, handed_down
from polyflow_services.spec_validator.layers.composed import Components, Composed, Layer
from polyflow_services.spec_validator.links import graph
from polyflow_services.spec_validator.links.declared import cached_names
from polyflow_services.spec_validator.shape.around import Around
from polyflow_services.spec_validator.shape.builds import builder
from polyflow_shared.declared.queues import Queue
from polyflow_shared.language.codes import Code, Stage
from polyflow_shared.language.findings import Finding, Path
from polyflow_shared.language.models import V1Dag, V1Operation, V1Plugins, known
from polyflow_shared.language.models.pods import PodFields
from polyflow_shared.language.sanity.operations import doubts, run_doubts
from polyflow_shared.language.sanity.pods import pod_doubts
from polyflow_topics.names import ClusterName
from polyflow_topics.plan import AwaitedEvent

MAX_OPERATIONS: Final = 100_000
MAX_NAME: Final = 200
"""Characters of a scoped name, which is a folder's name as well."""


@dataclass(slots=True)
class Declared:
    """An operation of the specification; a plan has one for each trial around it."""

    index: int
    name: str
    """Scoped."""
    layer: Layer
    composed: Composed
    scope: int
    cluster: ClusterName
    opens: int | None = None
    upstreams: list[int] = field(default_factory=list)
    """All that it waits for, each once."""
    ends: list[int] = field(default_factory=list)
    """Those whose end it waits for."""
    events: Mapping[int, tuple[AwaitedEvent, ...]] = field(default_factory=dict)
    """Those that it waits for an event of, and which."""
    queue: Queue | None = None
    """That it names, if it names one."""
    build: int | None = None
    """The number of the operation that builds its image."""
    builds: int | None = None
    """The number of the operation that it builds the image of."""


@dataclass(slots=True)
class DeclaredDag:
    """A DAG of the specification; a plan has a scope for each of its copies."""

    number: int
    name: str
    owner: int | None
    path: Path
    dag: V1Dag
    first: int
    last: int = 0
    members: dict[str, int] = field(default_factory=dict)
    """Operations directly in it: name to number."""
    order: list[int] = field(default_factory=list)
    """Their numbers, upstreams first; without those on a cycle."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a DAG hands down to what is in it."""

    components: Components = field(default_factory=dict)
    used: tuple[Path, ...] = ()
    prefix: str = ""
    depth: int = 0
    handed: V1Operation | None = None


class _TooBigError(Exception):
    """The specification has more operations than a run may have."""


class Expansion:
    """All operations and DAGs of a specification, by their numbers, and what is wrong with them."""

    def __init__(self, around: Around) -> None:
        """Know what there is, and have no operations yet."""
        self.around = around
        self.operations: list[Declared] = []
        self.scopes: list[DeclaredDag] = []
        self.findings: list[Finding] = []
        self.complete = True
        """Whether all operations are there; of a specification that is too large only the first ones are."""
        self._composer = Composer(around.sources, self.findings)
        self._wrong_queues: set[tuple[Path, str]] = set()
        self._seen: set[Path] = set()
        """Layers that were looked at for what cannot be run or never works."""
        self._pods: dict[int, PodFields] = {}
        """Runs whose pods were looked at, by identity; kept, so that no other one gets it."""

    def expand(self, operation: V1Operation) -> Composed:
        """Take in the top of a specification: a DAG, or one operation in a DAG of its own.

        Args:
            operation: the top, without the layers over it.

        Returns:
            The top, whose inputs the request's params are for.
        """
        top = Layer(operation, (), self.around.owner)
        composed = self._in_queue(self._composer.compose(top, {}, in_dag=False, presets=self.around.presets))
        self._note_layers(composed)
        self._check_kind(composed, "this specification")
        self._check_template(composed)
        self.findings.extend(of_a_run(composed))
        try:
            if counting.operations(operation) > MAX_OPERATIONS:
                raise _TooBigError
            if isinstance(composed.run, V1Dag):
                self._open(composed, None, Context(used=composed.used))
            elif composed.run is not None:
                self._open_single(top, composed)
        except _TooBigError:
            self.complete = False
            self.findings.append(Finding(Code.TOO_BIG, f"a run has at most {MAX_OPERATIONS:,} operations"))
        return composed

    def _open_single(self, top: Layer, composed: Composed) -> None:
        name = composed.operation.name or "main"
        scope = DeclaredDag(0, "", None, (), V1Dag(), 0, 1, {name: 0}, [0])
        self.scopes.append(scope)
        self.operations.append(self._declared(name, top, composed, 0))
        self._add_builder(scope, self.operations[0], Context())
        scope.last = len(self.operations)
        self._build_first(scope)
        scope.order = sorted(scope.members.values(), reverse=True)

    def _check_kind(self, composed: Composed, what: str) -> None:
        """Note what no layer has made right."""
        plugins, path = composed.operation.plugins, composed.layers[0].path
        self.findings.extend(
            [*namespace_findings(composed), *matrix_findings(composed), *cached_names(composed)]
        )
        partial = any(isinstance(layer.operation.run, dict) for layer in composed.layers)  # said already
        if composed.run is None and not (composed.lost or partial or composed.operation.is_preset):
            message = f"{what} runs nothing"
            hint = "give it `run`, `component`, or a reference such as `dagRef`"
            self.findings.append(Finding(Code.NO_DEFINITION, message, path, hint))
        for name in ("sandbox", "ssh") if isinstance(plugins, V1Plugins) else ():
            if getattr(plugins, name) and composed.run is not None and composed.run.kind != "service":
                message = f"`{name}` is for services, and this runs a `{composed.run.kind}`"
                self.findings.append(Finding(Code.WRONG_PLUGIN, message, (*composed.place("plugins"), name)))
        if composed.operation.build is not None and isinstance(composed.run, V1Dag):
            message = "a DAG has no image to build"
            hint = "move `build` to an operation of the DAG"
            self.findings.append(
                Finding(Code.BUILD_OF_DAG, message, composed.place("build"), hint, at_key=True)
            )

    def _check_template(self, composed: Composed) -> None:
        """Note that a specification is to be edited first."""
        template = composed.operation.template
        if template is None or template.enabled is not True:
            return
        fields = ", ".join(f"`{name}`" for name in known(template.fields) or ())
        message = "this is a template" + (f": {template.description}" if template.description else "")
        hint = (
            f"change {fields}, then set `enabled: false`" if fields else "edit it, then set `enabled: false`"
        )
        path = (*composed.place("template"), "enabled")
        self.findings.append(Finding(Code.TEMPLATE_LOCK, message, path, hint))

    def _note_layers(self, composed: Composed) -> None:
        for layer in composed.layers:
            if layer.path not in self._seen:
                self._seen.add(layer.path)
                self.findings.extend(unsupported(layer.operation, layer.path, composed.operation))
                self.findings.extend(doubts(layer.operation, layer.path))
        if composed.run is not None and composed.run_path not in self._seen:
            self._seen.add(composed.run_path)
            self.findings.extend(composed.placed_in_run(unsupported_run(composed.run, composed.run_path)))
            self.findings.extend(composed.placed_in_run(run_doubts(composed.run, composed.run_path)))
        if isinstance(composed.run, PodFields) and id(composed.run) not in self._pods:
            self._pods[id(composed.run)] = composed.run
            found = [*pod_doubts(composed.run), *templates(composed.run)]
            local = self._placed(composed).cluster == LOCAL
            if local:
                found += not_a_process(composed.run)
            if self.around.connections is not None:
                found += self.around.connections.problems(composed.run, local=local)
            self.findings += [replace(one, path=composed.place_in_run(one.path)) for one in found]

    def _placed(self, composed: Composed) -> Placed:
        queue = composed.operation.queue
        found = placed(queue, self.around.queues, self.around.project, self.around.clusters)
        if isinstance(found, Placed):
            return found
        path = composed.layer_with_queue
        if (path, queue or "") not in self._wrong_queues:
            self._wrong_queues.add((path, queue or ""))
            self.findings.append(replace(found, path=(*path, "queue")))
        return Placed()

    def _in_queue(self, composed: Composed) -> Composed:
        """Return an operation with what its queue's presets say; those of a DAG are for what is in it."""
        queue = None if isinstance(composed.run, V1Dag) or composed.lost else self._placed(composed).queue
        if queue is None or not queue.presets:
            return composed
        found = [self.around.of_queues[name] for name in queue.presets if name in self.around.of_queues]
        for one in found:
            if isinstance(one, Finding):
                self.findings.append(replace(one, path=(*composed.layer_with_queue, "queue")))
        return self._composer.in_queue(composed, [one for one in found if isinstance(one, Layer)])

    def _open(self, composed: Composed, owner: int | None, context: Context) -> None:
        """Number a DAG and all that is in it, depth first."""
        dag, path = composed.run, composed.run_path
        assert isinstance(dag, V1Dag)
        name = context.prefix.removesuffix(".")
        scope = DeclaredDag(len(self.scopes), name, owner, path, dag, len(self.operations))
        self.scopes.append(scope)
        if context.depth > counting.MAX_DEPTH:
            message = f"DAGs are nested more than {counting.MAX_DEPTH} deep"
            self.findings.append(Finding(Code.TOO_BIG, message, path))
            return
        if not dag.operations:
            hint = "such as `operations: [{name: a, run: {kind: job, container: {command: [echo, hi]}}}]`"
            self.findings.append(Finding(Code.NO_OPERATIONS, "a DAG needs `operations`", path, hint))
        inner = replace(
            context,
            components=self._components(composed, context.components),
            handed=handed_down(composed.operation, dag, context.handed),
        )
        for layer in composed.listed("operations"):
            self._add(scope, layer, inner)
        scope.last = len(self.operations)
        self._connect(scope)

    def _components(self, composed: Composed, outer: Components) -> Components:
        own: dict[str, Layer] = {}
        for layer in composed.listed("components"):
            if self._has_name(layer, own, "component"):
                own[layer.operation.name or ""] = layer
        return {**outer, **own} if own else outer

    def _has_name(self, layer: Layer, taken: object, what: str) -> bool:
        name = layer.operation.name
        if name is None:
            message = f"each {what} of a DAG needs a `name`"
            self.findings.append(Finding(Code.UNNAMED, message, layer.path))
        elif isinstance(taken, dict) and name in taken:
            message = f"there is another {what} `{name}` in this DAG"
            self.findings.append(Finding(Code.DUPLICATE_NAME, message, (*layer.path, "name")))
        else:
            return True
        return False

    def _add(self, scope: DeclaredDag, layer: Layer, context: Context) -> None:
        """Take in an operation, and the DAG that it opens."""
        if len(self.operations) >= MAX_OPERATIONS:
            raise _TooBigError
        composed = self._composer.compose(layer, context.components, context.used, handed=context.handed)
        composed = self._in_queue(composed)
        self._note_layers(composed)
        self._check_kind(composed, f"`{layer.operation.name or 'this operation'}`")
        if layer.operation.schedule is not None:
            message = "an operation of a DAG has no schedule of its own"
            hint = "give the schedule to the DAG"
            path = (*layer.path, "schedule")
            self.findings.append(Finding(Code.SCHEDULE_IN_DAG, message, path, hint, at_key=True))
        name = context.prefix + (layer.operation.name or "?")
        declared = self._declared(name, layer, composed, scope.number)
        self.operations.append(declared)
        if self._has_name(layer, scope.members, "operation"):
            scope.members[layer.operation.name or ""] = declared.index
        if isinstance(composed.run, V1Dag):
            declared.opens = len(self.scopes)
            inner = replace(context, used=composed.used, prefix=f"{declared.name}.", depth=context.depth + 1)
            self._open(composed, declared.index, inner)
        else:
            self._add_builder(scope, declared, context)

    def _add_builder(self, scope: DeclaredDag, declared: Declared, context: Context) -> None:
        """Take in the operation that builds another one's image, if there is one."""
        name = declared.name.rpartition(".")[2]
        layer = builder(name, declared.composed)
        if layer is None:
            return
        own = layer.operation.name or ""
        before = len(self.findings)
        composed = self._in_queue(self._composer.compose(layer, {}, handed=context.handed))
        # What builders there are is known where it is run, and not to who only reads.
        self.findings[before:] = [replace(one, stage=Stage.RUN_READY) for one in self.findings[before:]]
        if own in scope.members:
            message = f"the operation that builds the image is called `{own}`, and there is another one"
            self.findings.append(Finding(Code.DUPLICATE_NAME, message, layer.path, at_key=True))
            return
        build = self._declared(context.prefix + own, layer, composed, scope.number)
        build.builds, declared.build = declared.index, build.index
        self.operations.append(build)
        scope.members[own] = build.index

    def _upstreams(self, scope: DeclaredDag) -> dict[str, list[str]]:
        names = {index: name for name, index in scope.members.items()}
        return {
            name: [names[upstream] for upstream in self.operations[index].upstreams]
            for name, index in scope.members.items()
        }

    def _build_first(self, scope: DeclaredDag) -> None:
        """Let builders wait for what is to be built, and that for its builder."""
        for index in scope.members.values():
            declared = self.operations[index]
            if declared.build is not None:
                build = self.operations[declared.build]
                build.upstreams = list(dict.fromkeys([*declared.upstreams, *build.upstreams]))
                build.ends = list(dict.fromkeys([*declared.ends, *build.ends]))
                build.events, declared.events = declared.events, {}
                declared.upstreams, declared.ends = [declared.build], [declared.build]

    def _declared(self, name: str, layer: Layer, composed: Composed, scope: int) -> Declared:
        if len(name) > MAX_NAME:
            message = f"the name with those of the DAGs around it is longer than {MAX_NAME} characters"
            self.findings.append(Finding(Code.NOT_ALLOWED, message, (*layer.path, "name")))
        where = self._placed(composed)
        return Declared(
            index=len(self.operations),
            name=name,
            layer=layer,
            composed=composed,
            scope=scope,
            cluster=where.cluster,
            queue=where.queue,
        )

    def _connect(self, scope: DeclaredDag) -> None:
        """Find the edges of a DAG and the order of its operations."""
        for index in scope.members.values():
            declared = self.operations[index]
            awaited = upstreams_of(declared.layer, declared.composed, scope.members, self.findings)
            declared.upstreams, declared.ends, declared.events = awaited
        self._build_first(scope)
        upstreams = self._upstreams(scope)
        order = graph.ordered(upstreams)
        scope.order = [scope.members[name] for name in order]
        if len(order) == len(upstreams):
            return
        for cycle in graph.cycles(upstreams, order):
            path = self.operations[scope.members[cycle[0]]].layer.path
            message = f"operations wait for each other: {' -> '.join(cycle)}"
            self.findings.append(Finding(Code.CYCLE, message, path))

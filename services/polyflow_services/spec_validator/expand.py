"""A specification's operations, numbered over all its DAGs, with their edges: the shape of the plan."""

import re
from dataclasses import dataclass, field, replace
from typing import Final

from polyflow_services.spec_validator import graph
from polyflow_services.spec_validator.compose import Components, Composed, Layer, compose
from polyflow_services.spec_validator.supported import unsupported, unsupported_run
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Nearest, Path
from polyflow_shared.language.models import V1Dag, V1Operation, known
from polyflow_topics.names import ClusterName

LOCAL: Final = ClusterName("local")
MAX_OPERATIONS: Final = 100_000
MAX_DEPTH: Final = 32
"""DAGs within DAGs."""
MAX_NAME: Final = 200
"""Characters of a scoped name, which is a folder's name as well."""

_QUEUE: Final = re.compile(r"([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)(?:/[-a-zA-Z0-9_.]+)?")


@dataclass(slots=True)
class Node:
    """An operation of the plan."""

    index: int
    name: str
    """Scoped."""
    layer: Layer
    composed: Composed
    scope: int
    cluster: ClusterName
    max_retries: int
    timeout: int | None
    opens: int | None = None
    upstreams: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Scope:
    """A DAG of the plan."""

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
    cluster: ClusterName = LOCAL
    max_retries: int = 0
    timeout: int | None = None


class _TooBigError(Exception):
    """The specification has more operations than a run may have."""


class Expansion:
    """All operations and DAGs of a specification, by their numbers, and what is wrong with them."""

    def __init__(self, clusters: frozenset[str]) -> None:
        """Know the clusters that there are."""
        self.nodes: list[Node] = []
        self.scopes: list[Scope] = []
        self.findings: list[Finding] = []
        self._clusters = clusters
        self._seen: set[Path] = set()
        """Layers that were looked at for what cannot be run."""

    def expand(self, operation: V1Operation) -> Composed:
        """Take in the top of a specification: a DAG, or one operation in a DAG of its own.

        Returns:
            The top, whose inputs the request's params are for.
        """
        top = Layer(operation, ())
        composed = compose(top, {}, (), self.findings)
        self._note_unsupported(composed)
        context = self._inherited(Context(used=composed.used), composed, ())
        try:
            if isinstance(composed.run, V1Dag):
                self._open(composed.run, composed.run_path, None, context)
            elif composed.run is not None:
                self._open_single(top, composed, context)
        except _TooBigError:
            self.findings.append(Finding(Code.TOO_BIG, f"a run has at most {MAX_OPERATIONS:,} operations"))
        return composed

    def _open_single(self, top: Layer, composed: Composed, context: Context) -> None:
        name = top.operation.name or "main"
        scope = Scope(0, "", None, (), V1Dag(), 0, 1, {name: 0}, [0])
        self.scopes.append(scope)
        self.nodes.append(self._node(name, top, composed, 0, context))

    def _note_unsupported(self, composed: Composed) -> None:
        for layer in composed.layers:
            if layer.path not in self._seen:
                self._seen.add(layer.path)
                self.findings.extend(unsupported(layer.operation, layer.path))
        if composed.run is not None and composed.run_path not in self._seen:
            self._seen.add(composed.run_path)
            self.findings.extend(unsupported_run(composed.run, composed.run_path))

    def _inherited(self, context: Context, composed: Composed, path: Path) -> Context:
        return replace(
            context,
            cluster=self._cluster(composed, path) or context.cluster,
            max_retries=context.max_retries if composed.max_retries is None else composed.max_retries,
            timeout=composed.timeout or context.timeout,
        )

    def _cluster(self, composed: Composed, path: Path) -> ClusterName | None:
        if composed.queue is None:
            return None
        match = _QUEUE.fullmatch(composed.queue)
        if match is not None and match[1] in self._clusters:
            return ClusterName(match[1])
        name = match[1] if match else composed.queue
        message = f"there is no cluster `{name}`; a queue is `CLUSTER` or `CLUSTER/NAME`"
        hint = Nearest(name, self._clusters)
        self.findings.append(Finding(Code.UNKNOWN_CLUSTER, message, (*path, "queue"), hint))
        return None

    def _open(self, dag: V1Dag, path: Path, owner: int | None, context: Context) -> None:
        """Number a DAG and all that is in it, depth first."""
        name = context.prefix.removesuffix(".")
        scope = Scope(len(self.scopes), name, owner, path, dag, len(self.nodes))
        self.scopes.append(scope)
        if context.depth > MAX_DEPTH:
            message = f"DAGs are nested more than {MAX_DEPTH} deep"
            self.findings.append(Finding(Code.TOO_BIG, message, path))
            return
        if not dag.operations:
            self.findings.append(Finding(Code.NO_OPERATIONS, "a DAG needs `operations`", path))
        inner = replace(context, components=self._components(dag, path, context.components))
        for index, operation in enumerate(known(dag.operations) or ()):
            self._add(scope, Layer(operation, (*path, "operations", index)), inner)
        scope.last = len(self.nodes)
        self._connect(scope)

    def _components(self, dag: V1Dag, path: Path, outer: Components) -> Components:
        if not dag.components:
            return outer
        own: dict[str, Layer] = {}
        for index, component in enumerate(known(dag.components) or ()):
            layer = Layer(component, (*path, "components", index))
            if self._has_name(layer, own, "component"):
                own[component.name or ""] = layer
        return {**outer, **own}

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

    def _add(self, scope: Scope, layer: Layer, context: Context) -> None:
        """Take in an operation, and the DAG that it opens."""
        if len(self.nodes) >= MAX_OPERATIONS:
            raise _TooBigError
        composed = compose(layer, context.components, context.used, self.findings)
        self._note_unsupported(composed)
        below = self._inherited(context, composed, layer.path)
        node = self._node(
            context.prefix + (layer.operation.name or "?"), layer, composed, scope.number, below
        )
        self.nodes.append(node)
        if self._has_name(layer, scope.members, "operation"):
            scope.members[layer.operation.name or ""] = node.index
        if isinstance(composed.run, V1Dag):
            node.opens = len(self.scopes)
            inner = replace(below, used=composed.used, prefix=f"{node.name}.", depth=context.depth + 1)
            self._open(composed.run, composed.run_path, node.index, inner)

    def _node(self, name: str, layer: Layer, composed: Composed, scope: int, context: Context) -> Node:
        if len(name) > MAX_NAME:
            message = f"the name with those of the DAGs around it is longer than {MAX_NAME} characters"
            self.findings.append(Finding(Code.NOT_ALLOWED, message, (*layer.path, "name")))
        return Node(
            index=len(self.nodes),
            name=name,
            layer=layer,
            composed=composed,
            scope=scope,
            cluster=context.cluster,
            max_retries=context.max_retries,
            timeout=context.timeout,
        )

    def _connect(self, scope: Scope) -> None:
        """Find the edges of a DAG and the order of its operations."""
        upstreams: dict[str, list[str]] = {}
        for name, index in scope.members.items():
            node = self.nodes[index]
            declared = graph.declared_upstreams(node.layer.operation, node.layer.path, node.composed)
            upstreams[name] = graph.known_upstreams(declared, scope.members, self.findings)
            node.upstreams = [scope.members[upstream] for upstream in upstreams[name]]
        order = graph.ordered(upstreams)
        scope.order = [scope.members[name] for name in order]
        if len(order) == len(upstreams):
            return
        for cycle in graph.cycles(upstreams, order):
            path = self.nodes[scope.members[cycle[0]]].layer.path
            message = f"operations wait for each other: {' -> '.join(cycle)}"
            self.findings.append(Finding(Code.CYCLE, message, path))

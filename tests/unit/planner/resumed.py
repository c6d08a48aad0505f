"""Plans of runs that come from runs."""

from collections.abc import Collection

from polyflow_topics.message import Message
from polyflow_topics.origins import Kept, Origin
from polyflow_topics.plan import PlanBegun, PlannedEdges, PlannedTrials, PlanPart
from tests.unit.planner.plan_builder import RUN, Dag, Op, plan

KEPT = Kept(outputs={"x": 0})


def going_on(
    graph: Dag,
    kept: Collection[str],
    *,
    ahead: Collection[str] = (),
    generation: int = 0,
    body: str = "again",
) -> list[Message]:
    """Return the plan that resumes the run, and keeps these operations; the run begins with those `ahead`."""
    origin = Origin(run=RUN, kind="resume", generation=generation)
    messages = plan(graph, specification=body)
    names = {
        one.index: one.name for part in messages if isinstance(part, PlanPart) for one in part.operations
    }
    first = tuple(index for index, name in names.items() if name in ahead)

    def changed(message: Message) -> Message:
        match message:
            case PlanBegun():
                return message.model_copy(update={"origin": origin, "note": "resumed"})
            case PlanPart():
                operations = tuple(
                    one.model_copy(update={"kept": KEPT}) if one.name in kept else one
                    for one in message.operations
                )
                trials = tuple(_marked(block, names[block.owner], kept) for block in message.trials)
                edges = tuple(
                    one.model_copy(update={"targets": one.targets + first}) if _begins(one) else one
                    for one in message.edges
                )
                return message.model_copy(update={"operations": operations, "trials": trials, "edges": edges})
        return message

    return [changed(message) for message in messages]


def _begins(edges: PlannedEdges) -> bool:
    return edges.opening and edges.source == 0


def _marked(block: PlannedTrials, owner: str, kept: Collection[str]) -> PlannedTrials:
    names = [f"{owner}.{block.trial + place}" for place in range(len(block.values))]
    return block.model_copy(update={"kept": tuple(KEPT if name in kept else None for name in names)})


def keepable(graph: Dag, succeeded: Collection[str]) -> set[str]:
    """Return those that have succeeded and have nothing before them that runs anew."""
    found: set[str] = set()
    _scope(graph, "", False, (succeeded, found))
    return found


Sets = tuple[Collection[str], set[str]]


def _scope(graph: Dag, prefix: str, held: bool, sets: Sets) -> bool:
    stays: dict[str, bool] = {}
    for name, op in graph.operations.items():
        behind = held or not all(stays[upstream] for upstream in [*op.after.split(), *op.events])
        stays[name] = _operation(op, prefix + name, behind, sets)
    return all(stays.values())


def _operation(op: Op, name: str, held: bool, sets: Sets) -> bool:
    if op.trials is not None:
        every = [_one(op, f"{name}.{trial}", held, sets) for trial in range(op.trials)]
        return not held and all(every)
    return _one(op, name, held, sets)


def _one(op: Op, name: str, held: bool, sets: Sets) -> bool:
    if op.inner is not None:
        return _scope(op.inner, f"{name}.", held, sets) and not held
    if held or not (op.service or name in sets[0]):
        return False
    if not op.service:
        sets[1].add(name)
    return True

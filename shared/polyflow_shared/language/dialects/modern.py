"""What is deprecated in the current dialect, or gone from it with a direct successor.

A specification is read with it, or refused with a hint; `polyflow migrate` writes what takes its place.
"""

from functools import cache
from typing import Final

from polyflow_shared.language.dialects.rules import (
    Shape,
    Step,
    becomes,
    each,
    inside,
    moved,
    reached,
    renamed,
)
from polyflow_shared.language.dialects.tree import Map, Tree

_ENVIRONMENT: Final = inside(Shape({"serviceAccount": (renamed("serviceAccountName"),)}, closed=False))


@cache
def document() -> Shape:
    """Return the rules for an operation or a component, and for those in it."""
    return Shape(
        {
            "inputs": (each(_IO),),
            "outputs": (each(_IO),),
            "nocache": (_not_cached,),
            "noCache": (_not_cached,),
            "environment": (_ENVIRONMENT,),
            "matrix": (inside(Shape({"kind": (_tpe,)}, closed=False)),),
            "schedule": (inside(Shape({"kind": (becomes({"exact_time": "datetime"}),)}, closed=False)),),
            "component": (inside(document),),
            "run": (inside(_run),),
            "runPatch": (inside(_run),),
        },
        closed=False,
    )


@cache
def _run() -> Shape:
    return Shape(
        {
            "kind": (_cluster,),
            "environment": (_ENVIRONMENT,),
            "operations": (each(document),),
            "components": (each(document),),
        },
        closed=False,
    )


def _list_of(tree: Tree, node: Map, key: str, _owner: Map) -> None:
    """Write `isList: true` as a type; false says nothing."""
    is_list = tree.value(node[key])
    if is_list is True:
        kind = tree.value(node.get("type", tree.scalar("any"))) or "any"
        tree.note("isList: true", f"type: List[{kind}]", tree.place(node, key))
        if "type" in node:
            tree.replace(node, "type", tree.scalar(f"List[{kind}]"))
        else:
            tree.put(node, "type", tree.scalar(f"List[{kind}]"), tree.place(node, key), beside=key)
    elif is_list is False:
        tree.note("isList: false", "left out", tree.place(node, key))
    else:
        return
    tree.drop(node, key)


def _validated(name: str) -> Step:
    """Return the step that moves a field to `validation`, where it is not given already."""

    def step(tree: Tree, node: Map, key: str, owner: Map) -> None:
        validation = node.get("validation")
        if not isinstance(validation, dict) or name not in validation:
            moved(f"validation.{name}")(tree, node, key, owner)

    return step


_IO: Final = Shape(
    {
        "isList": (_list_of,),
        "delayValidation": (_validated("delay"),),
        "options": (_validated("options"),),
    },
    closed=False,
)


def _not_cached(tree: Tree, node: Map, key: str, owner: Map) -> None:
    """Write `nocache: true` as `cache: {disable: true}`; false says nothing."""
    no_cache, cache_ = tree.value(node[key]), node.get("cache")
    if no_cache is True and not (isinstance(cache_, dict) and "disable" in cache_):
        moved("cache.disable")(tree, node, key, owner)
    elif no_cache is False:
        tree.note(f"{key}: false", "left out", tree.place(node, key))
        tree.drop(node, key)


def _tpe(tree: Tree, node: Map, key: str, _owner: Map) -> None:
    """Write `hyperopt` as the kind that has its algorithm."""
    if tree.value(node[key]) != "hyperopt":
        return
    algorithm = tree.value(node["algorithm"]) if "algorithm" in node else "tpe"
    if algorithm == "rand" and "numRuns" in node and "tuner" not in node:
        _become(tree, node, key, "random")
        unused = ["algorithm", "maxIterations", "metric"]
    elif algorithm in ("tpe", "anneal"):
        _become(tree, node, key, "tpe")
        unused = ["algorithm"]
    else:
        return
    for name in unused:
        if name in node:
            tree.drop(node, name)


def _cluster(tree: Tree, node: Map, key: str, _owner: Map) -> None:
    """Write jobs on Ray and Dask as the clusters that run them, where those have all that is given."""
    kind = tree.value(node[key])
    if kind == "daskjob" and "job" not in node:
        _become(tree, node, key, "daskcluster")
    elif kind == "rayjob":
        _become(tree, node, key, "raycluster")
        if "worker" in node and "workers" not in node:
            workers = reached(tree, node, ["workers"], place=(node, "worker"))
            if workers is not None:
                tree.note("worker", "workers.worker", tree.place(node, "worker"))
                tree.move(node, "worker", workers, "worker")


def _become(tree: Tree, node: Map, key: str, kind: str) -> None:
    tree.note(f"kind: {tree.value(node[key])}", f"kind: {kind}", tree.place(node, key))
    tree.replace(node, key, tree.scalar(kind))

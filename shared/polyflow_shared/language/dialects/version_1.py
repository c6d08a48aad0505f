"""Version 1 of the language: `ops` and `components` at the top of a file, params as bare values.

Source: the project's decisions about the dialects.
"""

from functools import cache
from typing import Final

from polyflow_shared.language.dialects.rules import (
    TODAYS_VERSION,
    Shape,
    Step,
    as_dag,
    each,
    inside,
    moved,
    names_of,
    renamed,
)
from polyflow_shared.language.dialects.steps import long_form
from polyflow_shared.language.dialects.tree import Map, Tree
from polyflow_shared.language.models import V1Environment, V1Operation

_OPERATION: Final = names_of(V1Operation)
_ENVIRONMENT: Final = inside(
    Shape({"serviceAccount": (renamed("serviceAccountName"),)}, names_of(V1Environment))
)


@cache
def document() -> Shape:
    """Return the rules for a document, and for the components in it."""
    return Shape(
        {
            "params": (long_form,),
            "environment": (_ENVIRONMENT,),
            "run": (inside(_run),),
            **_lists(),
            "version": (TODAYS_VERSION,),
        },
        _OPERATION,
        after=_finish,
    )


def _lists() -> dict[str, tuple[Step, ...]]:
    operations = (each(_operation), moved("run.operations"))
    return {
        "ops": operations,
        "operations": operations,
        "components": (each(document), moved("run.components")),
        "concurrency": (moved("run.concurrency"),),
        "early_stopping": (moved("run.earlyStopping"),),
        "earlyStopping": (moved("run.earlyStopping"),),
    }


@cache
def _operation() -> Shape:
    return Shape(
        {
            "params": (long_form,),
            "environment": (_ENVIRONMENT,),
            "component": (inside(document),),
            "run": (inside(_run),),
        },
        _OPERATION,
    )


@cache
def _run() -> Shape:
    return Shape(
        {
            "environment": (_ENVIRONMENT,),
            "operations": (each(_operation),),
            "components": (each(document),),
        },
        closed=False,
    )


def _finish(tree: Tree, node: Map) -> None:
    """Move the settings of pods into the run that they stand beside."""
    as_dag()(tree, node)
    if isinstance(node.get("run"), dict) and isinstance(node.get("environment"), dict):
        moved("run.environment")(tree, node, "environment", node)

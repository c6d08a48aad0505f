"""The globals that templates of an operation can name, and those of a run that comes from another."""

from polyflow_services.planner.rows.state import HeadRow
from polyflow_services.planner.values.params import context_of
from polyflow_shared.language.expressions.names import GLOBALS
from polyflow_shared.language.expressions.templates import PATHS
from polyflow_topics.names import RunId
from polyflow_topics.origins import Origin
from tests.unit.planner.plan_builder import RUN, START

OLD = RunId("0a1b2c3d-0000-5000-8000-000000000001")


def head(**more: object) -> HeadRow:
    about = {
        "specification": "s", "plan": "p", "name": "digits", "project": "vision", "owner": "ann",
        "tags": (), "presets": (), "operations": 1, "parts": 1, "policies": False, "created": START,
    }  # fmt: skip
    return HeadRow(**{**about, **more})


def test_every_global_that_a_template_may_name_is_there() -> None:
    assert context_of(head(), RUN, "train").keys() | PATHS.keys() == GLOBALS


def test_globals_say_whose_run_it_is() -> None:
    said = context_of(head(kind="dag"), RUN, "train", "gpu")
    assert (said["owner_name"], said["project_unique_name"], said["name"]) == ("ann", "ann.vision", "train")
    assert (said["namespace"], said["is_independent"], said["cloning_kind"]) == ("gpu", False, None)


def test_a_run_that_comes_from_another_says_from_which() -> None:
    origin = Origin(run=OLD, kind="restart").model_dump_json()
    said = context_of(head(origin=origin), RUN, "train")
    assert (said["cloning_kind"], said["original_uuid"]) == ("restart", OLD)

"""The components that come with polyflow."""

import tomllib
from pathlib import Path

import pytest
import yaml

from polyflow.checking import check_text
from polyflow.collecting import Options
from polyflow.notify.target import KINDS
from polyflow_shared.references.hubs import BUNDLED
from polyflow_topics.hooks import DEFAULTS

VERSION = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["version"]


@pytest.mark.parametrize("name", list(BUNDLED.entries()))
def test_a_bundled_component_is_right_and_runs_this_release(name: str) -> None:
    text = BUNDLED.read(f"{name.replace(':', '/')}.yaml")
    assert check_text(text.encode(), file=name, options=Options()).checked.run_ready == "accept"
    component = yaml.safe_load(text)
    values = {one["name"]: one.get("value") for one in component["inputs"]}
    assert values["image"] == f"polyflow:{VERSION}"
    assert set(DEFAULTS) - {"runtime", "inputs"} <= values.keys()


def test_there_is_a_component_for_each_notifier() -> None:
    assert [*BUNDLED.entries()] == sorted(f"notify/{notifier}:latest" for notifier in KINDS)

"""The components that come with polyflow."""

import re
import tomllib
from typing import get_args

import pytest
import yaml

from polyflow.notify.target import KINDS
from polyflow.specifications.checking import check_text
from polyflow.specifications.collecting import Options
from polyflow_shared.declared.connections.models import Kind
from polyflow_shared.language.references import NOTIFIERS
from polyflow_shared.references.hubs import BUNDLED
from polyflow_topics.hooks import DEFAULTS
from tests.contract.test_shape import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


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


def test_what_is_accepted_for_a_notifier_is_what_it_sends_to() -> None:
    sends = {kind: f"notify/{notifier}" for notifier, kinds in KINDS.items() for kind in kinds}
    assert sends == NOTIFIERS
    assert sends.keys() <= set(get_args(Kind))


def test_the_table_of_connections_has_all_kinds() -> None:
    page = (ROOT / "docs" / "specifications.md").read_text()
    (said,) = re.findall(r"^\| `kind` \| (`volume_claim`.*) \|$", page, re.MULTILINE)
    assert said == ", ".join(f"`{kind}`" for kind in get_args(Kind))
